import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type CivilTime, civilTime, secondsOf } from './calendar.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import { floppyFormat } from './floppy-format.ts';
import type { InterruptControllers } from './pic8259.ts';
import { VirtualClock } from './virtual-time.ts';

/**
 * The MC146818 real-time clock and its CMOS memory (Motorola data sheet). Time is the start drawn through Nondet plus virtual seconds.
 */

/** Bytes: the 128 registers. */
const REGISTERS = 0;
/** Words, after them. */
const INDEX = 32;
/** Doubles: civil seconds at icount 0, and the next ticks of the two periodic jobs (-1: none). */
const BASE = 32;
const NEXT_PERIODIC = 33;
const NEXT_UPDATE = 34;
/** Tick up to which the flags in register C are current. */
const FLAGGED_TO = 35;

const A = 0x0a;
const B = 0x0b;
const C = 0x0c;
const D = 0x0d;
const YEAR = 9;
const CENTURY = 0x32;
const A_UPDATING = 0x80;
const B_SET = 0x80;
const B_PERIODIC = 0x40;
const B_ALARM = 0x20;
const B_UPDATE_ENDED = 0x10;
const B_BINARY = 4;
const B_24_HOURS = 2;
const C_IRQ = 0x80;
const D_VALID = 0x80;
const PM = 0x80;
/** An alarm byte that matches anything. */
const ANY = 0xc0;

const CMOS_FLOPPIES = 0x10;
const CMOS_DISKS = 0x12;
const CMOS_EQUIPMENT = 0x14;
const CMOS_DISK_TYPE = 0x19;
const CMOS_BOOT_1 = 0x38;
const CMOS_BOOT_2 = 0x3d;
/** Of a drive there, as SeaBIOS reads it. */
const BOOT_CODES = { floppy: 1, disk: 2, cdrom: 3 } as const;
const USER_DISK_TYPE = 47;
/** Bit 0 of the first boot byte: a bootable floppy need not end in 55 AA. */
const NO_SIGNATURE_CHECK = 1;

const HERTZ = 32_768;
/** The update flag is up for the last 244 us of a second: 8 ticks. */
const UPDATING_TICKS = 8;
const IRQ = DEVICES.rtc.irqs.line;
const NEVER = -1;
const SECONDS_A_DAY = 86_400;
/** Second, minute, hour, weekday, day, month, year, century. */
const CLOCK_REGISTERS = [0, 2, 4, 6, 7, 8, YEAR, CENTURY];

/** The recorder draws a start in 1996. */
const START_MIN = secondsOf({ year: 1996, month: 1, day: 1, hour: 0, minute: 0, second: 0 });
const START_MAX = secondsOf({ year: 1996, month: 12, day: 31, hour: 23, minute: 59, second: 59 });

const TIME_FIELDS = { 0: 'second', 2: 'minute', 4: 'hour', 6: 'weekday', 7: 'day', 8: 'month' } as const;

export class RealTimeClock implements Device {
  readonly name = 'rtc';
  readonly state: DeviceBlock;
  private readonly registers: Uint8Array;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly clock: DeviceHost['clock'];
  private readonly virtual: VirtualClock;
  private readonly pic: InterruptControllers;
  private readonly bus: PortBus;
  /** Since chipset revision 31, flags are set even if their interrupts are disabled, and SET stops the clock. */
  private readonly revised: boolean;

  constructor(host: DeviceHost, bus: PortBus, pic: InterruptControllers) {
    const { mem, clock, config, nondet } = host;
    this.state = deviceBlock(mem, 'rtc');
    this.registers = this.state.u8.subarray(REGISTERS, REGISTERS + 128);
    this.words = this.state.words;
    this.doubles = this.state.doubles;
    this.clock = clock;
    this.virtual = new VirtualClock(HERTZ, config.instructionsPerSecond);
    this.pic = pic;
    this.bus = bus;
    this.revised = config.chipsetRevision >= 31;
    this.doubles[BASE] = nondet.draw('rtc_start', 0, START_MIN, START_MAX);
    this.doubles[NEXT_PERIODIC] = NEVER;
    this.doubles[NEXT_UPDATE] = NEVER;
    this.registers[A] = 0x26;
    this.registers[B] = B_24_HOURS;
    this.storeMemorySize(config.ramBytes);
    this.storeEquipment(host);
    bus.claim(DEVICES.rtc.ports.registers, {
      bytes: true,
      in: (port) => (port === 0 ? -1 : this.read(this.words[INDEX])),
      out: (port, value) => {
        if (port === 0) this.words[INDEX] = value & 0x7f;
        else this.write(this.words[INDEX], value);
      },
    });
  }

  /** As a PC's BIOS leaves it: base memory, extended memory in KB, memory above 16 MB in 64 KB. */
  private storeMemorySize(ramBytes: number): void {
    const put = (at: number, value: number) => {
      this.registers[at] = value & 0xff;
      this.registers[at + 1] = value >>> 8;
    };
    const extended = Math.min(0xffff, (ramBytes - (1 << 20)) >>> 10);
    put(0x15, 640);
    put(0x17, extended);
    put(0x30, extended);
    put(0x34, Math.max(0, (ramBytes - (16 << 20)) >>> 16));
  }

  /**
   * Stores the configuration as a PC's setup program does: floppy drives, hard disks, equipment, and the boot order as SeaBIOS reads it.
   */
  private storeEquipment({ drives, disk, firmware }: DeviceHost): void {
    if (firmware === null) return;
    const { registers } = this;
    const floppy = (unit: number) => drives.find((d) => d.kind === 'floppy' && d.unit === unit);
    const types = [0, 1].map((unit) => {
      const image = floppy(unit)?.image;
      return image ? floppyFormat(image.sectors).cmosType : 0;
    });
    registers[CMOS_FLOPPIES] = (types[0] << 4) | types[1];
    registers[CMOS_DISKS] = disk ? 0xf0 : 0;
    registers[CMOS_DISK_TYPE] = disk ? USER_DISK_TYPE : 0;
    const floppies = types.filter((type) => type !== 0).length;
    // Bit 0: floppies, their number less one in bits 7-6; bit 1: a coprocessor; bit 2: a keyboard.
    registers[CMOS_EQUIPMENT] = (floppies > 0 ? 1 | ((floppies - 1) << 6) : 0) | 6;
    const codes = firmware.bootOrder.map((drive) => BOOT_CODES[drive]);
    registers[CMOS_BOOT_1] = ((codes[2] ?? 0) << 4) | NO_SIGNATURE_CHECK;
    registers[CMOS_BOOT_2] = ((codes[1] ?? 0) << 4) | (codes[0] ?? 0);
  }

  private get tick(): number {
    return this.virtual.ticksAt(this.clock.icount);
  }

  nextDeadline(): number {
    const { doubles } = this;
    const [periodic, update] = [doubles[NEXT_PERIODIC], doubles[NEXT_UPDATE]];
    if (periodic === NEVER && update === NEVER) return Number.POSITIVE_INFINITY;
    const first = periodic === NEVER ? update : update === NEVER ? periodic : Math.min(periodic, update);
    return this.virtual.icountOf(first);
  }

  onDeadline(): void {
    const periodic = this.takeDeadline(NEXT_PERIODIC, this.period);
    const update = this.takeDeadline(NEXT_UPDATE, HERTZ);
    if (this.revised) this.flag();
    else {
      if (periodic) this.raise(B_PERIODIC);
      if (update) this.raise(B_UPDATE_ENDED);
      if (update && this.alarmMatches(this.now)) this.raise(B_ALARM);
    }
  }

  /** True if a job is due now; it is then due again after this many ticks. */
  private takeDeadline(job: number, ticks: number): boolean {
    const { doubles } = this;
    if (doubles[job] === NEVER || doubles[job] > this.tick) return false;
    doubles[job] += ticks;
    return true;
  }

  /** Sets the flags of events that have occurred, whether or not their interrupts are enabled (data sheet, "Register C"). */
  private flag(): void {
    const { doubles, registers, tick } = this;
    const from = doubles[FLAGGED_TO];
    const { period } = this;
    doubles[FLAGGED_TO] = tick;
    if (period > 0 && Math.floor(tick / period) > Math.floor(from / period)) registers[C] |= B_PERIODIC;
    const [last, second] = [Math.floor(from / HERTZ), Math.floor(tick / HERTZ)];
    if (second > last && !(registers[B] & B_SET)) {
      registers[C] |= B_UPDATE_ENDED;
      if (this.alarmBetween(doubles[BASE] + last, doubles[BASE] + second)) registers[C] |= B_ALARM;
    }
    this.update();
  }

  /** True if the alarm was due in a second after `first`, up to `last`. */
  private alarmBetween(first: number, last: number): boolean {
    for (let second = Math.max(first, last - SECONDS_A_DAY) + 1; second <= last; second++) {
      const ofDay = ((second % SECONDS_A_DAY) + SECONDS_A_DAY) % SECONDS_A_DAY;
      const [hour, minute] = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60];
      if (this.alarmMatches({ hour, minute, second: ofDay % 60 })) return true;
    }
    return false;
  }

  /** Ticks between periodic interrupts (data sheet, table 5; the 32.768 kHz time base). */
  private get period(): number {
    const rate = this.registers[A] & 15;
    if (rate === 0) return 0;
    return 1 << ((rate < 3 ? rate + 7 : rate) - 1);
  }

  private raise(flag: number): void {
    const { registers } = this;
    registers[C] |= flag;
    this.update();
  }

  private update(): void {
    const { registers } = this;
    const wanted = (registers[C] & registers[B] & 0x70) !== 0;
    registers[C] = wanted ? registers[C] | C_IRQ : registers[C] & ~C_IRQ;
    this.pic.setLine(IRQ, wanted);
  }

  /** Recomputes the deadlines after a change of registers A and B. */
  private schedule(): void {
    const { doubles, registers } = this;
    const tick = this.tick;
    const { period } = this;
    doubles[NEXT_PERIODIC] =
      registers[B] & B_PERIODIC && period > 0 ? (Math.floor(tick / period) + 1) * period : NEVER;
    doubles[NEXT_UPDATE] =
      registers[B] & (B_ALARM | B_UPDATE_ENDED) && !this.stopped
        ? (Math.floor(tick / HERTZ) + 1) * HERTZ
        : NEVER;
    this.bus.deadlineMoved = true;
  }

  private read(register: number): number {
    const { registers } = this;
    switch (register) {
      case A: {
        const updating = this.tick % HERTZ >= HERTZ - UPDATING_TICKS && !(registers[B] & B_SET);
        return (registers[A] & 0x7f) | (updating ? A_UPDATING : 0);
      }
      case C: {
        if (this.revised) this.flag();
        const flags = registers[C];
        registers[C] = 0;
        this.update();
        return flags;
      }
      case D:
        return D_VALID;
      default:
        return (this.stopped ? undefined : this.timeByte(register)) ?? registers[register];
    }
  }

  private write(register: number, value: number): void {
    const { registers } = this;
    if (register === A || register === B) {
      if (this.revised) value = this.beforeControl(register, value);
      registers[register] = value;
      this.schedule();
      this.update();
    } else if (register !== C && register !== D && (this.stopped || !this.setTimeByte(register, value))) {
      registers[register] = value;
    }
  }

  /** Applies the immediate effects of a write to register A or B; returns its new value. */
  private beforeControl(register: number, value: number): number {
    const { registers } = this;
    this.flag();
    if (register === A) return value;
    const [was, set] = [registers[B] & B_SET, value & B_SET];
    if (set && !was) for (const at of CLOCK_REGISTERS) registers[at] = this.timeByte(at) as number;
    if (was && !set) {
      registers[B] = value;
      this.startClock();
    }
    // SET going up clears the update-ended interrupt.
    return set ? value & ~B_UPDATE_ENDED : value;
  }

  /** Restarts the clock from its registers, in the current coding. */
  private startClock(): void {
    const { registers } = this;
    const [second, minute, day, month] = [0, 2, 7, 8].map((at) => this.decode(registers[at]));
    const year = this.decode(registers[CENTURY]) * 100 + this.decode(registers[YEAR]);
    const time = { year, month, day, hour: this.decodeHour(registers[4]), minute, second };
    this.doubles[BASE] = secondsOf(time) - Math.floor(this.tick / HERTZ);
  }

  /** SET stops the clock; its registers act as memory. */
  private get stopped(): boolean {
    return this.revised && (this.registers[B] & B_SET) !== 0;
  }

  private get now(): CivilTime {
    return civilTime(this.doubles[BASE] + Math.floor(this.tick / HERTZ));
  }

  /** A register of the running clock, as coded; undefined for other registers. */
  private timeByte(register: number): number | undefined {
    const now = this.now;
    if (register === YEAR) return this.code(now.year % 100);
    if (register === CENTURY) return this.code(Math.floor(now.year / 100));
    const field = TIME_FIELDS[register as keyof typeof TIME_FIELDS];
    if (field === undefined) return undefined;
    return field === 'hour' ? this.codeHour(now.hour) : this.code(now[field]);
  }

  /** Sets one part of the time; true if the register is one. The weekday follows from the date. */
  private setTimeByte(register: number, byte: number): boolean {
    const now = this.now;
    const field = TIME_FIELDS[register as keyof typeof TIME_FIELDS];
    let changed: CivilTime = now;
    if (register === YEAR) changed = { ...now, year: now.year - (now.year % 100) + this.decode(byte) };
    else if (register === CENTURY) changed = { ...now, year: this.decode(byte) * 100 + (now.year % 100) };
    else if (field === 'hour') changed = { ...now, hour: this.decodeHour(byte) };
    else if (field !== undefined) changed = { ...now, [field]: this.decode(byte) };
    else return false;
    this.doubles[BASE] = secondsOf(changed) - Math.floor(this.tick / HERTZ);
    return true;
  }

  private code(value: number): number {
    return this.registers[B] & B_BINARY ? value : (Math.floor(value / 10) << 4) | (value % 10);
  }

  private decode(byte: number): number {
    return this.registers[B] & B_BINARY ? byte : (byte >> 4) * 10 + (byte & 15);
  }

  private codeHour(hour: number): number {
    if (this.registers[B] & B_24_HOURS) return this.code(hour);
    return this.code(hour % 12 || 12) | (hour >= 12 ? PM : 0);
  }

  private decodeHour(byte: number): number {
    if (this.registers[B] & B_24_HOURS) return this.decode(byte);
    return (this.decode(byte & ~PM) % 12) + (byte & PM ? 12 : 0);
  }

  private alarmMatches({ hour, minute, second }: Pick<CivilTime, 'hour' | 'minute' | 'second'>): boolean {
    const coded = [this.code(second), this.code(minute), this.codeHour(hour)];
    return coded.every((time, n) => {
      const alarm = this.registers[2 * n + 1];
      return (alarm & ANY) === ANY || alarm === time;
    });
  }
}

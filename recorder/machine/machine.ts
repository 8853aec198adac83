import { BadInput } from '../../schemas/bad-input.ts';
import type { TraceFacts } from '../../schemas/trace/facts.ts';
import { type Input, POKE_REGISTERS } from '../../schemas/trace/inputs.ts';
import type { Frame, Icount, Physical } from '../../schemas/units.ts';
import { loadFirmware } from './boot/firmware.ts';
import { type LinuxOptions, loadLinux } from './boot/linux-boot.ts';
import { loadMultiboot, type MultibootOptions } from './boot/multiboot.ts';
import type { LoadedGuest, Span } from './boot/placement.ts';
import type { DeviceSet } from './device.ts';
import { BATCH_ROWS, EventLog, eventRules } from './events/event-log.ts';
import { Instructions } from './events/instructions.ts';
import { Probes } from './events/probes.ts';
import { bytesForRows } from './events/row-buffers.ts';
import { SystemCalls } from './events/system-calls.ts';
import { allocateMemory, type MachineMemory, RAM, ROM_BYTES } from './layout.ts';
import { MachineError } from './machine-error.ts';
import { FRAME_WORDS, ROLES } from './mmu/frames.ts';
import { Mmu } from './mmu/mmu.ts';
import type { Nondet } from './nondet.ts';
import type { MachineCpu, MachineOptions, MachineParts, StopReason } from './parts.ts';
import { STANDARD_PARTS } from './standard-parts.ts';
import { FrameSet } from './state/frame-set.ts';
import { PageStore } from './state/page-store.ts';
import {
  type Area,
  areaOf,
  FRAMES_AREA,
  type Instant,
  type KeptState,
  keptPage,
  type LiveChanges,
  memoryAreas,
  type Page,
  type PagedArea,
  RAM_AREA,
  restoreArea,
  SNAPSHOT_PAGE,
  type Snapshot,
  sameBytes,
  savePaged,
  wholeArea,
  wrongSize,
  ZERO_PAGE,
} from './state/snapshot.ts';
import { type Hash64, hashBytes, RamHash, WordHasher } from './state/state-hash.ts';
import type { Stops } from './state/stops.ts';

/** The emulated PC: drives time, and gives snapshots, hashes and changes of its state. */

/** One rung of the state-hash ladder, with a hash per component, so that a divergence names the component in which it began. */
export interface LadderHashes {
  readonly cpu: Hash64;
  readonly tlb: Hash64;
  readonly ram: Hash64;
  /** Hash of the sectors written to the disk; null without a disk. */
  readonly disk: Hash64 | null;
  readonly devices: Readonly<Record<string, Hash64>>;
}

const hex = (address: number) => (address >>> 0).toString(16).padStart(8, '0');

/** A complete i386 machine: connects the parts and advances time. */
export class Machine {
  readonly mem: MachineMemory;
  readonly cpu: MachineCpu;
  readonly mmu: Mmu;
  readonly devices: DeviceSet;
  readonly log: EventLog | null;
  private readonly nondet: Nondet;
  private readonly ramHash: RamHash;
  private readonly hasher = new WordHasher();
  private words = new Int32Array(1 << 13);
  /** icount from which stores are recorded; Infinity with any other detail. */
  private readonly storesFrom: number;
  private readonly probes: readonly Probes[];
  private readonly details: readonly TraceFacts[];
  private readonly instructions: Instructions | undefined;
  private readonly systemCalls: SystemCalls | undefined;
  /** Each instruction is recorded, one by one. */
  private steps = false;
  /** The next icount at which recording of facts begins; Infinity once all have begun. */
  private detailsBegin = Number.POSITIVE_INFINITY;
  /** The stops that a debugger waits for; null if there are none. */
  private stops: Stops | null = null;
  /** Frames changed since the last `hashes`, `snapshot` and `changes`. */
  private readonly unhashed: FrameSet;
  private readonly uncopied: FrameSet;
  private readonly unsent: FrameSet;
  /** For the first call of `changes`: the frames that may not have begun as zeros. */
  private atStart: Iterable<Frame> | null;
  /** RAM as it was when last copied or restored, frame by frame. */
  private readonly ramPages: Page[];
  /** The states that `save` keeps: their pages are the frames of RAM, and then those of the rest of the memory. */
  private store: PageStore | null = null;
  /** Allocates the memory of that store: zeroed bytes, always the same number. */
  storeMemory = (bytes: number): ArrayBuffer => new ArrayBuffer(bytes);
  /** The other areas of the last snapshot. */
  private lastAreas: ReadonlyMap<string, PagedArea> = new Map();
  /** icount at which the processor halted, while it is halted; NaN if a restore hides it. */
  private haltedFrom = Number.NaN;
  private readonly hasFirmware: boolean;
  private readonly bootRevision: number;

  constructor(options: MachineOptions, parts: MachineParts = STANDARD_PARTS) {
    const { config, profile, nondet, sink, disk, drives = [], firmware = null, onConsole, facts } = options;
    const records = sink && config.detail !== 'off';
    const eventBytes = records ? bytesForRows(BATCH_ROWS) : 0;
    const mem = allocateMemory(config.ramBytes, firmware ? ROM_BYTES : 0, eventBytes);
    this.hasFirmware = firmware !== null;
    this.bootRevision = config.bootRevision;
    if (firmware) loadFirmware(mem, firmware);
    const state = parts.createState(mem);
    this.mem = mem;
    this.nondet = nondet;
    const rules = eventRules(config.eventRevision);
    this.log = records ? new EventLog(mem, state, sink, BATCH_ROWS, rules) : null;
    // Bus masters reach memory through the MMU, which is built last: it needs the CPU, which needs the bus.
    const dma = {
      physRead8: (at: number) => this.mmu.physRead8(at),
      physRead16: (at: number) => this.mmu.physRead16(at),
      physRead32: (at: number) => this.mmu.physRead32(at),
      physWrite8: (at: number, value: number) => this.mmu.physWrite8(at, value),
      physWrite16: (at: number, value: number) => this.mmu.physWrite16(at, value),
      physWrite32: (at: number, value: number) => this.mmu.physWrite32(at, value),
    };
    const memory = {
      setA20: (on: boolean) => this.mmu.setA20(on),
      restoreA20: (on: boolean) => this.mmu.restoreA20(on),
      shadow: firmware && {
        attach: (hidden: Uint8Array) => this.mmu.shadow?.attach(hidden),
        setRegion: (region: number, mode: number) => this.mmu.shadow?.setRegion(region, mode),
        restoreRegion: (region: number, mode: number) => this.mmu.shadow?.restoreRegion(region, mode),
      },
    };
    const clock = state;
    const { log } = this;
    const host = { mem, config, nondet, log, disk, drives, firmware, memory, clock, dma, onConsole };
    this.devices = parts.createDevices(host);
    const { bus, pic, coprocessor } = this.devices;
    this.cpu = parts.createCpu(mem, bus, pic, this.log, config, coprocessor);
    this.mmu = new Mmu(mem, config, profile, this.cpu, this.log);
    this.cpu.attachMmu(this.mmu);
    for (const device of this.devices.devices) device.powerOn?.();
    this.storesFrom = this.log && config.detail === 'stores' ? config.storesFrom : Number.POSITIVE_INFINITY;
    const { probed } = this.cpu;
    this.probes = this.log && probed ? Probes.all(facts ?? [], mem, probed, this.log) : [];
    this.details = facts ?? [];
    if (this.log && probed) {
      this.instructions = new Instructions(mem, probed, this.log);
      this.systemCalls = new SystemCalls(mem, probed, this.log);
    }
    this.beginDetails();
    const frames = mem.ramBytes >>> 12;
    this.ramHash = new RamHash(mem.i32, RAM, frames);
    this.ramPages = new Array(frames);
    this.unhashed = new FrameSet(frames);
    this.uncopied = new FrameSet(frames);
    this.unsent = new FrameSet(frames);
    this.unhashed.addAll();
    this.uncopied.addAll();
    this.atStart = this.ramPages.keys();
    if (firmware) this.holdsOnly([]);
  }

  /** Loads a Multiboot kernel into RAM and sets the processor to its entry. `name` names it in messages; throws BadInput. */
  loadMultiboot(image: Uint8Array, options: Omit<MultibootOptions, 'revision'>, name?: string): void {
    this.enter(loadMultiboot(this.mem, image, { ...options, revision: this.bootRevision }, name));
  }

  /** Loads a Linux bzImage into RAM and sets the processor to its 32-bit entry. `name` names it in messages; throws BadInput. */
  loadLinux(image: Uint8Array, options: Omit<LinuxOptions, 'revision'>, name?: string): void {
    this.enter(loadLinux(this.mem, image, { ...options, revision: this.bootRevision }, name));
  }

  private enter({ entry, written }: LoadedGuest): void {
    this.holdsOnly(written);
    this.cpu.enterProtected(entry);
  }

  /**
   * RAM is zeros but for `spans` and for what the MMU has noted as changed. The memory of a new machine is not the host's yet: reading it
   * all takes half a second for 64 MB where a page fault is slow.
   */
  private holdsOnly(spans: readonly Span[]): void {
    const { unhashed, uncopied } = this;
    const frames = spans.flatMap(({ start, end }) => framesBetween(start, end));
    for (const set of [unhashed, uncopied]) {
      set.take();
      for (const frame of frames) set.add(frame);
    }
    this.atStart = frames;
    this.ramPages.fill(ZERO_PAGE);
    this.ramHash.beginAsZeros();
  }

  get icount(): Icount {
    return this.cpu.icount;
  }

  /**
   * Runs until icount is `until` or the run ends. Actions due at an instant happen before the instruction there and before this returns,
   * so stopping and resuming never changes a run.
   */
  run(until: Icount): StopReason {
    const { cpu, devices } = this;
    for (;;) {
      const end = this.arrive(until);
      if (end) return end;
      const next = this.nextDeadline();
      if (this.idle) {
        if (!this.sleep(next, until)) return { kind: 'stuck' };
        continue;
      }
      devices.bus.deadlineMoved = false;
      if (this.steps) this.runOne();
      else cpu.run(Math.min(next, until, this.detailsBegin));
      if (cpu.halted) this.haltedFrom = cpu.icount;
    }
  }

  /**
   * Executes to the next boundary: one instruction, or the delivery of one interrupt or exception, whichever comes first.
   * A halted processor waits for its interrupt in the same step, but not beyond `until`.
   */
  step(until: Icount): StopReason {
    const { cpu, devices } = this;
    for (;;) {
      const end = this.arrive(until);
      if (end) return end;
      if (!this.idle) break;
      if (!this.sleep(this.nextDeadline(), until)) return { kind: 'stuck' };
    }
    devices.bus.deadlineMoved = false;
    this.runOne();
    if (cpu.halted) this.haltedFrom = cpu.icount;
    return this.arrive(cpu.icount) as StopReason;
  }

  /** Calls Device.redraw of the device concerned. */
  redraw(line: number, from: Icount, to: Icount): boolean {
    for (const device of this.devices.devices) if (device.redraw?.(line, from, to)) return true;
    return false;
  }

  /** Sets the stops at which `run` and `step` end; null for none. */
  watchFor(stops: Stops | null): void {
    this.stops = stops;
    this.cpu.watchFor?.(stops);
    this.mmu.watchFor(stops);
  }

  /** Deliveries of interrupts and exceptions at this icount so far. */
  get deliveries(): number {
    return this.cpu.deliveries ?? 0;
  }

  /** While halted: the icount at which the halt began, or NaN if a restore hides it. Otherwise the current icount. */
  get awakeUntil(): number {
    return this.cpu.halted ? this.haltedFrom : this.icount;
  }

  /** Performs the actions due now; returns the reason to stop, if any. */
  private arrive(until: Icount): StopReason | undefined {
    const { cpu, devices, stops } = this;
    if (stops) stops.byDevice = true;
    this.fire(cpu.icount);
    if (stops) stops.byDevice = false;
    if (cpu.icount >= this.detailsBegin) this.beginDetails();
    if (cpu.shutdown !== null) return { kind: 'shutdown', message: cpu.shutdown };
    if (devices.exitCode >= 0) return { kind: 'exit', code: devices.exitCode };
    if (devices.resetRequested) {
      if (!this.hasFirmware) return { kind: 'reset' };
      this.reset();
    }
    if (stops?.hit && stops.mode === 'stop') return { kind: 'limit' };
    return cpu.icount >= until || this.nondet.isOver ? { kind: 'limit' } : undefined;
  }

  /** Resets the processor, which restarts at the BIOS, as by the keyboard controller's RESET line; devices keep their state. */
  private reset(): void {
    this.devices.resetDone();
    this.mmu.setCr4(0);
    this.mmu.setCr3(0);
    this.mmu.setCr0(0);
    this.cpu.reset();
  }

  /** True if halted with no interrupt pending. */
  private get idle(): boolean {
    const { cpu, devices } = this;
    return cpu.halted && !(devices.pic.pending && cpu.interruptsEnabled);
  }

  /** Advances time while halted; false if nothing can end the halt. */
  private sleep(next: Icount, until: Icount): boolean {
    if (!this.cpu.interruptsEnabled || next === Number.POSITIVE_INFINITY) return false;
    this.cpu.icount = Math.min(next, until);
    return true;
  }

  private nextDeadline(): number {
    let next = this.nondet.nextInputAt();
    for (const device of this.devices.devices) next = Math.min(next, device.nextDeadline());
    return next;
  }

  /** One instruction, or the delivery of one interrupt or exception. */
  private runOne(): void {
    const { cpu } = this;
    if (this.steps) this.instructions?.before();
    cpu.run(cpu.icount + 1, true);
  }

  /** Begins recording the facts that are requested from this icount. */
  private beginDetails(): void {
    const { icount, storesFrom, probes } = this;
    this.mmu.recordEveryStore(icount >= storesFrom);
    if (probes.length > 0) this.cpu.probe?.(probes.filter(({ from }) => from <= icount));
    const { details, log, systemCalls } = this;
    if (details.length > 0 && log) {
      const asked = new Set(details.flatMap(({ from, kinds = [] }) => (from <= icount ? kinds : [])));
      this.mmu.recordReads(asked.has('reads') ? 'all' : asked.has('pte_reads') ? 'tables' : 'none');
      this.cpu.observe?.({ interruptFlag: asked.has('if_changes'), ports: asked.has('port_io') });
      systemCalls?.record(asked.has('system_calls'));
      this.steps = asked.has('instructions');
    }
    const next = [storesFrom, ...details.map(({ from }) => from)].filter((from) => from > icount);
    this.detailsBegin = Math.min(...next, Number.POSITIVE_INFINITY);
  }

  /** Processes due inputs, then due devices in the order of their wiring. */
  private fire(now: Icount): void {
    while (this.nondet.nextInputAt() <= now) {
      const input = this.nondet.takeInput(now);
      if (!input) break;
      if (input.kind === 'poke') this.poke(input);
      else this.devices.acceptInput(input);
    }
    for (const device of this.devices.devices) {
      while (device.nextDeadline() <= now) device.onDeadline(now);
    }
  }

  /** Applies a poke. Linear addresses are translated by the current page tables, not by the TLB. */
  private poke({ target = 'none', address = 0, value }: Input): void {
    if (target === 'none') return;
    if (target === 'register') {
      if (address < POKE_REGISTERS.length) this.cpu.poke(address, value | 0);
      return;
    }
    const [, space, bits] = /^(linear|physical)(\d+)$/.exec(target) as unknown as [string, string, string];
    const bytes = Number(bits) / 8;
    if (space === 'physical') {
      this.mmu.poke(address, bytes, value);
      return;
    }
    // Byte by byte, because the next page has another frame.
    const step = (address & 0xfff) + bytes > 0x1000 ? 1 : bytes;
    for (let at = 0; at < bytes; at += step) {
      const physical = this.mmu.translateForDebug((address + at) | 0);
      if (physical < 0)
        throw new BadInput(
          `poke: no page is mapped at linear ${hex(address + at)} at icount ${this.icount}`,
          'give a mapped address, another icount, or phys:ADDRESS',
        );
      this.mmu.poke(physical, step, value >>> (8 * at));
    }
  }

  /** The current hashes for the ladder. The cost is proportional to the frames changed since the last call. */
  hashes(): LadderHashes {
    const devices: Record<string, Hash64> = {};
    for (const device of this.devices.devices) {
      const { offset, bytes } = device.state;
      devices[device.name] = hashBytes(this.mem.u8.subarray(offset, offset + bytes));
    }
    for (const medium of this.devices.media) devices[medium.name] = medium.hash();
    return {
      cpu: this.hashWords((word) => this.cpu.forEachStateWord(word)),
      tlb: this.hashWords((word) => this.mmu.forEachTlbWord(word)),
      ram: this.ramHash.update(this.takeUnhashed()),
      disk: this.devices.diskHash(),
      devices,
    };
  }

  private hashWords(each: (word: (value: number) => void) => void): Hash64 {
    let count = 0;
    each((value) => {
      if (count === this.words.length) {
        const wider = new Int32Array(count * 2);
        wider.set(this.words);
        this.words = wider;
      }
      this.words[count++] = value;
    });
    this.hasher.run(this.words, 0, count, count);
    return this.hasher.result();
  }

  private takeUnhashed(): Uint32Array {
    this.noteChanges();
    return this.unhashed.take();
  }

  /** Collects the changed frames from the MMU, which then reports the first store to each again. */
  private noteChanges(): void {
    for (const frame of this.mmu.endOfHashPeriod()) {
      this.unhashed.add(frame);
      this.uncopied.add(frame);
      this.unsent.add(frame);
      this.store?.touch(frame);
    }
  }

  /** Number of frames known to have changed since the last `changes`. */
  get framesChanged(): number {
    return this.unsent.size;
  }

  /**
   * The state that may have changed since the last call, or since all-zero memory for the first. Not copied: it is valid until the
   * machine runs.
   */
  changes(): LiveChanges {
    this.noteChanges();
    const changed = this.unsent.take();
    const frames = this.atStart ? this.framesInUse([...this.atStart, ...changed]) : changed.sort();
    this.atStart = null;
    return {
      ...this.instant(),
      ram: { bytes: this.mem.ramBytes, frames, pages: Array.from(frames, (frame) => this.frameBytes(frame)) },
      areas: this.liveAreas(),
    };
  }

  /** The state except RAM and disks, by name of area; views where possible. */
  private liveAreas(): Map<string, Uint8Array> {
    const { mem } = this;
    const areas = new Map<string, Uint8Array>();
    for (const { name, offset, bytes } of memoryAreas(mem)) {
      const now = mem.u8.subarray(offset, offset + bytes);
      areas.set(name, name === FRAMES_AREA ? withoutDerivedFacts(now) : now);
    }
    for (const device of this.devices.devices) {
      const { offset, bytes } = device.state;
      areas.set(`device ${device.name}`, mem.u8.subarray(offset, offset + bytes));
    }
    for (const [name, bytes] of this.areasElsewhere()) areas.set(name, bytes);
    return areas;
  }

  /** The areas that are not in the machine's memory. */
  private areasElsewhere(): Map<string, Uint8Array> {
    const areas = new Map<string, Uint8Array>();
    if (this.mmu.observer) areas.set('observer', new Uint8Array(this.mmu.observer.save().buffer));
    for (const probes of this.probes) areas.set(probes.area, new Uint8Array(probes.save().buffer));
    return areas;
  }

  /** The parts of a snapshot besides its areas. */
  private instant(): Instant {
    return {
      icount: this.icount,
      seq: this.log?.seq ?? 0,
      tracking: this.log !== null,
      disk: this.devices.diskHash() ? this.devices.saveDisk() : null,
      media: new Map(this.devices.media.map((medium) => [medium.name, medium.save()])),
    };
  }

  /**
   * A copy of all state. The cost is proportional to the frames changed since the last snapshot, with which it shares pages. Buffered
   * events are not part of it; flush them first to keep them.
   */
  snapshot(): Snapshot {
    const { mem, ramPages } = this;
    this.noteChanges();
    for (const frame of this.uncopied.take()) {
      ramPages[frame] = keptPage(this.frameBytes(frame), ramPages[frame]);
    }
    const areas = new Map<string, PagedArea>();
    for (const [name, bytes] of this.liveAreas()) areas.set(name, savePaged(bytes, this.lastAreas.get(name)));
    areas.set(RAM_AREA, { bytes: mem.ramBytes, pages: ramPages.slice() });
    this.lastAreas = areas;
    return { ...this.instant(), areas };
  }

  /**
   * Keeps the state until it is given back, for this machine alone. The cost is proportional to the pages changed since the last one, except
   * for what a recording machine knows besides its memory (processes, open calls), which is copied and not counted in `keptBytes`. As
   * with a snapshot, buffered events are not part of it.
   */
  save(): KeptState {
    const store = this.openStore();
    this.noteChanges();
    const areas = new Map<string, PagedArea>();
    for (const [name, bytes] of this.areasElsewhere()) areas.set(name, savePaged(bytes, undefined));
    return { ...this.instant(), image: store.save(), areas };
  }

  /** Gives a kept state back: it cannot be restored any more. */
  release({ image }: KeptState): void {
    this.store?.release(image);
  }

  /** Bytes of the states that are kept, without what is shared. */
  get keptBytes(): number {
    return this.store?.bytes ?? 0;
  }

  /** The store, in which everything but RAM counts as changed. */
  private openStore(): PageStore {
    const { ramPages, uncopied } = this;
    const isZeros = (page: number) => ramPages[page] === ZERO_PAGE && !uncopied.has(page);
    this.store ??= new PageStore(
      this.mem.i32,
      pagesOfState(this.mem, this.devices),
      isZeros,
      this.storeMemory,
    );
    for (let page = this.mem.ramBytes / SNAPSHOT_PAGE; page < this.store.pages; page++)
      this.store.touch(page);
    return this.store;
  }

  /**
   * Restores a snapshot. Only differences are copied, and decoded code stays where it is still valid. Buffered events are flushed first.
   */
  restore(snapshot: Snapshot | KeptState): void {
    if (this.log && !snapshot.tracking) {
      throw new MachineError(
        'a recording cannot start from a snapshot taken without recording, because its history is incomplete',
      );
    }
    this.log?.flush();
    // Before FRAME_STATE, which has the changes, and TLB_STATE, which has the fast paths, are overwritten.
    this.noteChanges();
    const restored = 'image' in snapshot ? this.restoreImage(snapshot) : this.restoreAreas(snapshot);
    if (snapshot.disk) this.devices.restoreDisk(snapshot.disk);
    for (const medium of this.devices.media) {
      const contents = snapshot.media.get(medium.name);
      if (contents) medium.restore(contents);
    }
    this.mmu.reload();
    const observed = snapshot.areas.get('observer');
    if (observed) this.mmu.observer?.restore(new Int32Array(wholeArea(observed).buffer));
    for (const probes of this.probes) {
      const probed = snapshot.areas.get(probes.area);
      if (probed) probes.restore(new Int32Array(wholeArea(probed).buffer));
    }
    for (const device of this.devices.devices) device.reload?.();
    this.cpu.reload(restored);
    this.haltedFrom = Number.NaN;
    this.log?.resumeAt(snapshot.seq);
    this.beginDetails();
  }

  /** Returns the frames that differed. */
  private restoreAreas(snapshot: Snapshot): Uint32Array {
    for (const area of memoryAreas(this.mem)) restoreArea(this.mem, area, snapshot);
    const restored = this.restoreRam(areaOf(snapshot, RAM_AREA));
    for (const device of this.devices.devices) {
      const area: Area = { name: `device ${device.name}`, ...device.state };
      restoreArea(this.mem, area, snapshot);
    }
    this.lastAreas = snapshot.areas;
    return restored;
  }

  /** Returns the frames that differed. */
  private restoreImage({ image }: KeptState): Uint32Array {
    const { unhashed, uncopied, unsent } = this;
    const frames = this.mem.ramBytes / SNAPSHOT_PAGE;
    const restored = new FrameSet(frames);
    this.openStore().restore(image, (page) => {
      if (page >= frames) return;
      unhashed.add(page);
      uncopied.add(page);
      unsent.add(page);
      restored.add(page);
    });
    return restored.take();
  }

  /** Copies the pages that differ; returns their frames. */
  private restoreRam({ bytes, pages }: PagedArea): Uint32Array {
    const { mem, ramPages, unhashed, uncopied, unsent } = this;
    if (bytes !== mem.ramBytes) throw wrongSize(RAM_AREA, bytes, mem.ramBytes);
    const restored = new FrameSet(pages.length);
    for (let frame = 0; frame < pages.length; frame++) {
      if (pages[frame] === ramPages[frame] && !uncopied.has(frame)) continue;
      ramPages[frame] = pages[frame];
      const bytes = this.frameBytes(frame);
      if (sameBytes(bytes, pages[frame])) continue;
      bytes.set(pages[frame]);
      this.store?.touch(frame);
      unhashed.add(frame);
      unsent.add(frame);
      restored.add(frame);
    }
    uncopied.take();
    return restored.take();
  }

  /** Of these frames those that are not all zeros, ascending. */
  private framesInUse(frames: Iterable<Frame>): Uint32Array {
    const { i32 } = this.mem;
    const used = Array.from(new Set(frames)).filter((frame) => isUsed(i32, frame));
    return Uint32Array.from(used).sort();
  }

  private frameBytes(frame: Frame): Uint8Array {
    const at = RAM + frame * 4096;
    return this.mem.u8.subarray(at, at + 4096);
  }
}

/** A function of its own, which V8 optimizes while it is called for frame after frame: a recording waits for this at its start. */
function isUsed(i32: Int32Array, frame: Frame): boolean {
  const begin = (RAM >>> 2) + (frame << 10);
  let any = 0;
  for (let at = begin; at < begin + 1024; at += 4) any |= i32[at] | i32[at + 1] | i32[at + 2] | i32[at + 3];
  return any !== 0;
}

function framesBetween(start: Physical, end: Physical): Frame[] {
  const first = start >>> 12;
  return Array.from({ length: Math.max(0, Math.ceil(end / 4096) - first) }, (_, n) => first + n);
}

/** The part of FRAME_STATE that depends only on the run. */
function withoutDerivedFacts(bytes: Uint8Array): Uint8Array {
  const words = new Int32Array(bytes.slice().buffer);
  for (let at = 0; at < words.length; at += FRAME_WORDS) words[at] &= ROLES;
  return new Uint8Array(words.buffer);
}

/** The first words of the pages of all state in the memory: the frames of RAM, and then the rest. */
function pagesOfState(mem: MachineMemory, devices: DeviceSet): Uint32Array {
  const frames = mem.ramBytes / SNAPSHOT_PAGE;
  const starts = Array.from({ length: frames }, (_, frame) => RAM + frame * SNAPSHOT_PAGE);
  const rest = new Set<number>();
  for (const { offset, bytes } of [...memoryAreas(mem), ...devices.devices.map(({ state }) => state)]) {
    const first = offset - (offset % SNAPSHOT_PAGE);
    for (let at = first; at < offset + bytes; at += SNAPSHOT_PAGE) rest.add(at);
  }
  return Uint32Array.from([...starts, ...rest], (start) => start >>> 2);
}

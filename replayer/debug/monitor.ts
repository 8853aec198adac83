import { MAX_FRAMES } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { readCount } from '../../schemas/count.ts';
import { symbolize } from '../../schemas/guest/elf.ts';
import { symbolAddress } from '../../schemas/guest/guest-address.ts';
import { guestSymbols } from '../../schemas/guest/guest-symbols.ts';
import { numberedFinding } from '../../schemas/numbered-finding.ts';
import type { Icount } from '../../schemas/units.ts';
import type { Untrusted } from '../../schemas/untrusted.ts';
import { EBP, ESP, RETURN } from '../dwarf/call-frames.ts';
import type { TraceReader } from '../trace/trace-reader.ts';
import { backtrace } from './backtrace.ts';
import type { Debuggee } from './debuggee.ts';
import { gdt, idt, tss } from './descriptor-tables.ts';
import { GuestCode } from './guest-code.ts';
import { type KnownWriter, LastWrites } from './last-writes.ts';
import { MemoryShown } from './memory-shown.ts';
import { ProcessNames } from './process-names.ts';
import { interruptedCaller } from './unwind.ts';

/** The monitor commands, which extend gdb's protocol. */

/** A finding of the analysis, as `monitor findings` lists it. */
export interface DebugFinding {
  readonly icount: Icount;
  readonly title: string;
  readonly summary: Untrusted;
}

export interface MonitorOptions {
  /** The guest's program; if absent, only its symbols are used. */
  readonly code?: () => GuestCode;
  /** Runs the checks; absent if the analysis is not available. */
  readonly findings?: () => Promise<readonly DebugFinding[]>;
  readonly lastWriter?: KnownWriter;
}

/** A command without usage is not listed. */
interface Command {
  readonly usage?: string;
  readonly help?: string;
  run(argument: string): string | Promise<string>;
}

const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

/** The commands of gdb's `monitor` (qRcmd), for kernel state that gdb itself cannot show. */
export class Monitor {
  private readonly debuggee: Debuggee;
  private readonly reader: TraceReader;
  private readonly options: MonitorOptions;
  private readonly names: ProcessNames;
  private readonly shown: MemoryShown;
  private readonly lastWrites: LastWrites;
  private readonly symbols: ReturnType<typeof guestSymbols>;
  private found: readonly DebugFinding[] | undefined;
  private guestCode: GuestCode | undefined;

  private readonly commands: Readonly<Record<string, Command>> = {
    when: {
      usage: 'when',
      help: 'the position in the run',
      run: () => this.when(),
    },
    goto: {
      usage: 'goto ICOUNT[/DELIVERIES] | goto finding N',
      help: 'go to that position (then: maintenance flush register-cache)',
      run: (where) => this.goto(where),
    },
    'info tlb': { usage: 'info tlb', help: 'the contents of the TLB', run: () => this.shown.tlb() },
    'info mem': {
      usage: 'info mem',
      help: 'the mappings of the current directory',
      run: () => this.shown.mappings(this.machine.cpu.cr3 & ~0xfff),
    },
    'info apt': {
      usage: 'info apt',
      help: 'the alternate slot, and the owner of the page tables that it maps',
      run: () => this.shown.alternate(),
    },
    'info pmap': {
      usage: 'info pmap FRAME',
      help: 'the mappings of a directory, by its frame or physical address',
      run: (frame) => this.shown.mappings(frameAddress(frame)),
    },
    'info gdt': {
      usage: 'info gdt|idt|tss',
      help: 'the descriptor tables and the task state segment of the processor',
      run: () => gdt(this.debuggee, (address) => this.symbol(address)),
    },
    'info idt': { run: () => idt(this.debuggee, (address) => this.symbol(address)) },
    'info tss': { run: () => tss(this.debuggee, (address) => this.symbol(address)) },
    bt: {
      usage: 'bt',
      help: 'the stack trace, through interrupts into the interrupted code',
      run: () => backtrace(this.debuggee, this.code),
    },
    'interrupted-at': { run: (registers) => this.interruptedAt(registers) },
    'last-writer': {
      usage: 'last-writer [phys] ADDRESS|SYMBOL[+OFFSET]',
      help: 'the last instruction that wrote the word at an address',
      run: (address) => this.lastWriter(address),
    },
    findings: {
      usage: 'findings',
      help: 'the findings of the checks in this recording',
      run: () => this.findings(),
    },
    recording: {
      usage: 'recording',
      help: 'discard the what-if run and return to the recording',
      run: () => this.backToRecording(),
    },
    phys: {
      usage: 'phys on|off',
      help: 'memory and watchpoints by physical address',
      run: () => 'write on or off\n',
    },
    help: { usage: 'help', help: 'this list', run: () => this.help() },
  };

  constructor(debuggee: Debuggee, reader: TraceReader, options: MonitorOptions = {}) {
    this.debuggee = debuggee;
    this.reader = reader;
    this.options = options;
    this.names = new ProcessNames(reader);
    this.shown = new MemoryShown(debuggee, reader, this.names);
    this.lastWrites = new LastWrites(debuggee, options.lastWriter);
    this.symbols = guestSymbols(reader.names.guest);
  }

  /** Read on first use, because a large kernel's takes a while. */
  private get code(): GuestCode {
    this.guestCode ??= this.options.code?.() ?? new GuestCode(this.reader.names.guest);
    return this.guestCode;
  }

  private get machine(): Machine {
    return this.debuggee.machine;
  }

  /** The output of a command line; for an unknown command, a hint to the help. */
  async run(line: string): Promise<string> {
    const words = line.trim().split(/\s+/);
    for (const count of [2, 1]) {
      const name = words.slice(0, count).join(' ');
      if (!Object.hasOwn(this.commands, name)) continue;
      const command = this.commands[name];
      try {
        return await command.run(words.slice(count).join(' '));
      } catch (error) {
        if (error instanceof BadInput) return `${error.message}\n`;
        throw error;
      }
    }
    return `unknown command: ${line.trim()}; monitor help lists them\n`;
  }

  /** The name that gdb shows for the one thread. */
  threadName(): string {
    const { icount } = this.debuggee.position;
    const process = this.names.at(this.machine.cpu.cr3, icount);
    const state = this.machine.cpu.halted ? ', halted' : '';
    return `CPL ${this.machine.cpu.cpl}${process ? `, ${process}` : ''}${state}, icount ${icount}`;
  }

  private help(): string {
    const listed = Object.values(this.commands).flatMap(({ usage, help }) => (usage ? [[usage, help]] : []));
    const width = Math.max(...listed.map(([usage = '']) => usage.length));
    return listed.map(([usage = '', help]) => `${usage.padEnd(width)}  ${help}\n`).join('');
  }

  /** Parses a hexadecimal number in the selected address space, or a symbol, which is always a linear address. */
  private place(text: string, space: 'linear' | 'physical') {
    const word = text.trim();
    const isNumber =
      /^(?:0x)?[0-9a-f]{1,8}$/i.test(word) && !this.symbols.some(({ name }) => name.raw === word);
    const named = isNumber ? undefined : symbolAddress(word, this.symbols);
    return named === undefined
      ? { address: parseAddress(word), space }
      : { address: named, space: 'linear' as const };
  }

  private symbol(address: number): string {
    return symbolize(this.symbols, address >>> 0) ?? hex(address);
  }

  private when(): string {
    const { position, machine, recording } = this.debuggee;
    const { cpu } = machine;
    const place = position.deliveries > 0 ? `/${position.deliveries}` : '';
    const lines = [
      `icount ${position.icount}${place} of ${recording.end}`,
      `eip ${hex(cpu.eip)} ${this.symbol(cpu.eip)}, CPL ${cpu.cpl}, interrupt depth ${cpu.depth}`,
      `cr3 ${hex(cpu.cr3)}${this.shown.ownerOf(cpu.cr3 >>> 12)}`,
    ];
    if (cpu.halted) lines.push('halted, waiting for an interrupt');
    if (this.debuggee.isWhatIf)
      lines.push(`in a what-if run since icount ${this.debuggee.timeline.start}, not in the recording`);
    return `${lines.join('\n')}\n`;
  }

  private async goto(where: string): Promise<string> {
    const finding = /^finding\s+(\d+)$/.exec(where)?.[1];
    if (finding) {
      const { icount } = await this.findingNumber(Number(finding));
      await this.debuggee.goto({ icount, deliveries: 0 });
      return this.when();
    }
    const [, count = '', deliveries = '0'] = /^([^/]+)(?:\/(\d+))?$/.exec(where.trim()) ?? [];
    const icount = readCount(count);
    if (icount === undefined)
      throw new BadInput('goto takes an icount, for example 22711849, 22711849/1 or 22.7M, or finding N');
    const { end } = this.debuggee.timeline;
    if (icount > end) throw new BadInput(`the run ends at icount ${end}`);
    await this.debuggee.goto({ icount, deliveries: Number(deliveries) });
    return this.when();
  }

  /** Finding `number`, from 1. */
  async findingNumber(number: number): Promise<DebugFinding> {
    return numberedFinding(await this.check(), number);
  }

  private async check(): Promise<readonly DebugFinding[]> {
    this.found ??= (await this.options.findings?.()) ?? [];
    return this.found;
  }

  private async findings(): Promise<string> {
    const found = await this.check();
    if (found.length === 0) return 'no finding\n';
    return found
      .map(({ icount, title, summary }, i) => `${i + 1}  icount ${icount}  ${title}\n   ${summary}\n`)
      .join('');
  }

  /**
   * For gdb's unwinder (`PC SP FP`, hexadecimal): the address where the delivery pushed EIP, and EIP, ESP and EBP of the interrupted
   * code; nothing if the frame is not an interrupt's.
   */
  private interruptedAt(text: string): string {
    const numbers = text.split(/\s+/).map((number) => Number.parseInt(number, 16));
    if (numbers.length !== 3 || !numbers.every((number) => number >= 0 && number <= 0xffffffff))
      throw new BadInput('interrupted-at takes PC, SP and FP in hexadecimal');
    const [pc, sp, fp] = numbers;
    const registers = Array.from({ length: RETURN + 1 }, (_, n) =>
      n === RETURN ? pc : n === ESP ? sp : n === EBP ? fp : undefined,
    );
    this.code.info.begin();
    const found = interruptedCaller(this.debuggee, this.code, registers);
    const values = found && [
      found.delivery,
      found.registers[RETURN],
      found.registers[ESP],
      found.registers[EBP],
    ];
    return values ? `${values.map((value) => hex(value ?? 0)).join(' ')}\n` : '\n';
  }

  private async backToRecording(): Promise<string> {
    if (!this.debuggee.isWhatIf) return 'this is the recording\n';
    while (await this.debuggee.giveUp());
    return this.when();
  }

  private async lastWriter(text: string): Promise<string> {
    const [, phys, rest] = /^(phys\b)?(.*)$/.exec(text.trim()) ?? [];
    const { address, space } = this.place(rest ?? '', phys ? 'physical' : 'linear');
    const physical = this.debuggee.physical(space, address);
    if (physical < 0)
      throw new BadInput(`${hex(address)} is ${space === 'physical' ? 'beyond RAM' : 'not mapped'}`);
    const word = physical & ~3;
    const last = await this.lastWrites.before(word);
    if (!last) return `nothing wrote physical ${hex(word)} before icount ${this.debuggee.position.icount}\n`;
    const by = last.eip === undefined ? 'a device, by DMA' : `${hex(last.eip)} ${this.symbol(last.eip)}`;
    return `physical ${hex(word)} was last written at icount ${last.icount} by ${by}\n`;
  }
}

function parseAddress(text: string): number {
  const match = /^(?:0x)?([0-9a-f]{1,8})$/i.exec(text.trim());
  if (!match) throw new BadInput(`${text || 'nothing'}: not an address; write it in hexadecimal`);
  return Number.parseInt(match[1], 16);
}

/** Parses a frame number, or a physical address if it is too large for a frame number. */
function frameAddress(text: string): number {
  const value = parseAddress(text);
  return value < MAX_FRAMES ? value * 4096 : value & ~0xfff;
}

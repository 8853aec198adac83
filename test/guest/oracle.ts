import { builtinDebugFile, builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { Stops } from '../../recorder/machine/state/stops.ts';
import { Debuggee } from '../../replayer/debug/debuggee.ts';
import { GuestCode } from '../../replayer/debug/guest-code.ts';
import { cpuOf } from '../../replayer/debug/register.ts';
import { expressionOf } from '../../replayer/dwarf/attributes.ts';
import type { Scope } from '../../replayer/dwarf/debug-info.ts';
import { AT } from '../../replayer/dwarf/entries.ts';
import { type FrameContext, locate } from '../../replayer/dwarf/expressions.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { unpackFile } from '../../schemas/trace/packed-file.ts';

/**
 * The oracle of class 1: it shares nothing with the recorder's events nor with the SQL. It executes a recorded run of the built-in guest
 * with a debugger's watchpoint on the alternate map; at each access it reads, by the guest's DWARF, the pmap that the code is at work
 * on (its argument on the stack, or that of the pv entry that it has in hand), and compares the page table of that pmap with the
 * one that the access reached.
 */

export interface Access {
  readonly icount: number;
  readonly linear: number;
  readonly write: boolean;
  /** Frame of the page table that the code meant, and of the one that it reached: physical addresses. */
  readonly meant: number;
  readonly reached: number;
}

export const isWrong = ({ meant, reached }: Access): boolean => meant !== reached;

/** The alternate map of the built-in guest (recorder/guest/kernel/include/pmap.h). */
const ALTERNATE = 0xffc00000;
const WATCH = { space: 'linear', first: ALTERNATE, last: 0xffffffff, reads: true, writes: true } as const;
/** Names of a function's first argument where that is the pmap whose page tables it reaches through the map. */
const PMAPS = ['pmap', 'dst'];
/** Functions of variants that get their pmap in a register and do not keep it. */
const FORGETFUL = ['age_in_place'];
/** Offsets of pv_pmap in a pv entry, and of p_vmspace in a process; a vmspace begins with its pmap (proc.h, vm.h). */
const PV_PMAP = 4;
const P_VMSPACE = 28;
const PRESENT = 1;
const frameOf = (entry: number) => (entry & 0xfffff000) >>> 0;

/** A stop at the next access, with the physical address that it reached. */
class NextAccess extends Stops {
  access: { readonly linear: number; readonly physical: number; readonly write: boolean } | undefined;

  again(): void {
    this.access = undefined;
    this.hit = null;
  }

  override accesses(
    linear: number,
    physical: number,
    size: number,
    write: boolean,
    byProgram: boolean,
  ): void {
    const isOfMap = byProgram && linear >>> 0 >= ALTERNATE;
    if (isOfMap) this.access ??= { linear: linear >>> 0, physical: physical >>> 0, write };
    super.accesses(linear, physical, size, write, byProgram);
  }
}

/** Every access of a whole run through the alternate map, in order. Throws an Error for one whose pmap cannot be told. */
export function accessesOf(file: string): Access[] {
  const reader = TraceReader.open(file);
  try {
    const session = ForwardSession.open(reader, { build: buildMachine, builtinDisk });
    const guest = new Guest(session, reader);
    const stops = new NextAccess(session.machine.cpu, guest.calls.keys(), [WATCH], guest.calls);
    session.machine.watchFor(stops);
    const found: Access[] = [];
    for (;;) {
      stops.again();
      session.run(session.end, stops);
      const { access, hit } = stops;
      if (!access || !hit) return found;
      const { linear, physical, write } = access;
      const { icount } = hit.position;
      found.push({ icount, linear, write, meant: guest.tableMeant(linear), reached: frameOf(physical) });
    }
  } finally {
    reader.close();
  }
}

/** The guest as its stack and its DWARF show it, just after an access. */
class Guest {
  private readonly debuggee: Debuggee;
  private readonly code: GuestCode;
  private readonly scopes = new Map<number, readonly Scope[]>();
  /** Conditions that are never true, of breakpoints at the functions that forget their pmap: they remember it. */
  readonly calls: ReadonlyMap<number, () => boolean>;
  /** Pmaps of these functions' calls, by the address at which the caller's frame ends. */
  private readonly remembered = new Map<number, number>();

  constructor(session: ForwardSession, { header }: TraceReader) {
    const kernel = header.guest.image && unpackFile(header.guest.image, 'image');
    if (!kernel) throw new Error('the trace has no kernel');
    this.debuggee = new Debuggee(session, {}, () => {});
    this.code = new GuestCode(header.guest, { kernel, debugFile: builtinDebugFile(kernel) });
    const starts = FORGETFUL.map((name) => this.code.addressOf(name)).filter((start) => start !== undefined);
    this.calls = new Map(starts.map((start) => [start, () => this.remember(start)]));
  }

  private remember(start: number): boolean {
    const { frame, argument } = this.context(start);
    const pmap = argument && this.valueOf(argument, frame, start);
    const cfa = frame.cfa();
    if (pmap === undefined || cfa === undefined) throw new Error(`no pmap at ${this.code.place(start).name}`);
    this.remembered.set(cfa, pmap);
    return false;
  }

  /** The page table that the code meant to reach at an address of the alternate map, which shows entry (linear / 4096) % 1024 of a directory. */
  tableMeant(linear: number): number {
    const directory = this.word(this.pmap());
    // The pmap has ended.
    if (directory === 0) return 0;
    const slot = (linear >>> 12) & 1023;
    const pde = this.word(directory + 4 * slot);
    return pde & PRESENT ? frameOf(pde) : 0;
  }

  /** Address of the pmap that the code is at work on: its argument, that of the pv entry in hand, or the process's. */
  private pmap(): number {
    const pc = cpuOf(this.debuggee.machine).eip >>> 0;
    const { frame, argument, scopes } = this.context(pc);
    if (argument) {
      const cfa = frame.cfa();
      const pmap = this.valueOf(argument, frame, pc) ?? this.remembered.get(cfa ?? 0);
      if (pmap !== undefined) return pmap;
      // It is where the frame of the caller ends (System V ABI, i386, 3-9).
      if (cfa !== undefined) return this.word(cfa);
    }
    const inScope = scopes.flatMap(({ variables }) => variables);
    const ofName = (names: readonly string[]) =>
      inScope
        .filter(({ name }) => names.includes(name))
        .map((variable) => this.valueOf(variable, frame, pc))
        .find((value) => value !== undefined);
    const pmap = ofName(PMAPS);
    if (pmap !== undefined) return pmap;
    const pv = ofName(['pv']);
    if (pv !== undefined) return this.word(pv + PV_PMAP);
    const process = ofName(['p']);
    if (process !== undefined) return this.word(process + P_VMSPACE);
    throw new Error(`no pmap at ${this.code.place(pc).name}`);
  }

  /** The frame at an instruction, and the argument of its function that is a pmap: what is inlined works on the same. */
  private context(pc: number) {
    const cpu = cpuOf(this.debuggee.machine);
    const registers = [...Array.from({ length: 8 }, (_, n) => cpu.register(n) >>> 0), pc];
    const cfa = this.code.frames.cfa(registers);
    const scopes = this.scopesAt(pc);
    const called = scopes.find(({ inlinedAt }) => inlinedAt === undefined);
    const first = called?.variables.find(({ isParameter }) => isParameter);
    const frame: FrameContext = {
      cfa: () => cfa,
      frameBase: () => cfa,
      register: (n) => registers[n],
      read: (address, bytes) => this.debuggee.readMemory('linear', address, bytes),
    };
    return { frame, scopes, argument: first && PMAPS.includes(first.name) ? first : undefined };
  }

  /** Of a pointer, by the DWARF; undefined where that does not say. */
  private valueOf({ die }: Scope['variables'][number], frame: FrameContext, pc: number): number | undefined {
    const expression = expressionOf(die, AT.location, pc);
    const where = expression && locate(expression, frame);
    if (where?.kind === 'register') return frame.register(where.register);
    if (where?.kind === 'value')
      return new DataView(where.bytes.buffer, where.bytes.byteOffset).getUint32(0, true);
    return where?.kind === 'memory' ? this.word(where.address) : undefined;
  }

  private scopesAt(pc: number): readonly Scope[] {
    const found = this.scopes.get(pc) ?? this.code.info.scopesAt(pc);
    this.scopes.set(pc, found);
    return found;
  }

  private word(address: number): number {
    const bytes = this.debuggee.readMemory('linear', address, 4);
    if (bytes.length < 4) throw new Error(`no memory at ${address.toString(16)}`);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  }
}

import { builtinDebugFile, builtinDisk, builtinKernel } from '../../analysis/cli/options/builtin-guest.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { Stops } from '../../recorder/machine/state/stops.ts';
import { Debuggee } from '../../replayer/debug/debuggee.ts';
import { GuestCode } from '../../replayer/debug/guest-code.ts';
import { cpuOf } from '../../replayer/debug/register.ts';
import { expressionOf } from '../../replayer/dwarf/attributes.ts';
import type { Scope } from '../../replayer/dwarf/debug-info.ts';
import { AT } from '../../replayer/dwarf/entries.ts';
import { locate } from '../../replayer/dwarf/expressions.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';

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
/** Offset of pv_pmap in a pv entry. */
const PV_PMAP = 4;
const PRESENT = 1;
/** Code whose memory and frame no expression may ask for: a pv entry is in a register. */
const NOTHING = { cfa: () => undefined, frameBase: () => undefined, read: () => undefined };
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
    const stops = new NextAccess(session.machine.cpu, [], [WATCH]);
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

  constructor(session: ForwardSession, { header }: TraceReader) {
    const kernel = builtinKernel();
    this.debuggee = new Debuggee(session, {}, () => {});
    this.code = new GuestCode(header.guest, { kernel, debugFile: builtinDebugFile(kernel) });
  }

  /** The page table that the code meant to reach at an address of the alternate map, which shows entry (linear / 4096) % 1024 of a directory. */
  tableMeant(linear: number): number {
    const directory = this.word(this.pmap());
    const slot = (linear >>> 12) & 1023;
    const pde = this.word(directory + 4 * slot);
    return pde & PRESENT ? frameOf(pde) : 0;
  }

  /** Address of the pmap that the code is at work on: its argument, or that of the pv entry in hand. */
  private pmap(): number {
    const cpu = cpuOf(this.debuggee.machine);
    const pc = cpu.eip >>> 0;
    const registers = [...Array.from({ length: 8 }, (_, n) => cpu.register(n) >>> 0), pc];
    const cfa = this.code.frames.cfa(registers);
    // What is inlined works on the pmap of the function that was called.
    const variables = this.scopesAt(pc).find(({ inlinedAt }) => inlinedAt === undefined)?.variables ?? [];
    // The first argument is where the frame of the caller ends (System V ABI, i386, 3-9).
    const argument = variables.find(({ isParameter }) => isParameter);
    if (argument?.name === 'pmap' && cfa !== undefined) return this.word(cfa);
    const pv = variables.find(({ name }) => name === 'pv');
    const expression = pv && expressionOf(pv.die, AT.location, pc);
    const where = expression && locate(expression, { ...NOTHING, register: (n) => registers[n] });
    if (where?.kind !== 'register') throw new Error(`no pmap at ${this.code.place(pc).name}`);
    return this.word(registers[where.register] + PV_PMAP);
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

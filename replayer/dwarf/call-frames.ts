import { ByteReader } from './byte-reader.ts';
import type { Sections } from './sections.ts';
import { understood } from './work.ts';

/** Call frame information: `.debug_frame` (DWARF 5, 6.4). */

/** Maximum number of entries: more than a kernel has functions. */
const MAX_ENTRIES = 1_000_000;
/** Maximum bytes of instructions for one function, and maximum nesting of remembered states. */
const MAX_PROGRAM = 1 << 16;
const MAX_REMEMBERED = 64;

/** DWARF numbers of the i386's registers are those of its encoding; the return address is column 8 (System V ABI, i386). */
export const ESP = 4;
export const EBP = 5;
export const RETURN = 8;

/** Registers of a frame by DWARF number; undefined if unknown. `RETURN` is the frame's address in the code. */
export type Registers = readonly (number | undefined)[];

/** Common information entry (DWARF 5, 6.4.1). */
interface Common {
  /** Augmentation `S`: the handler of an interrupt or exception. */
  readonly signal: boolean;
  readonly codeAlign: number;
  readonly dataAlign: number;
  readonly first: Uint8Array;
}

interface Entry {
  readonly common: Common;
  readonly start: number;
  readonly end: number;
  readonly program: Uint8Array;
}

/** Rules that find the caller's registers: the canonical frame address is `register` + `offset`, a register is at CFA + rule. */
interface Rules {
  register: number;
  offset: number;
  readonly saved: Map<number, number>;
}

/** Finds the caller of a function compiled without frame pointer: `.debug_frame` (DWARF 5, 6.4). */
export class CallFrames {
  private readonly entries: readonly Entry[];

  constructor(sections: Sections) {
    const section = sections.get('.debug_frame');
    const entries: Entry[] = [];
    // The entries before an error are used.
    if (section) understood(() => readEntries(section, entries));
    this.entries = entries.sort((a, b) => a.start - b.start);
  }

  /** The canonical frame address of the frame of code at `RETURN`; undefined if nothing is known about the code. */
  cfa(registers: Registers): number | undefined {
    return this.frame(registers)?.cfa;
  }

  /** The caller's registers; undefined if nothing is known about the code at `RETURN`. `read` returns a word of the stack. */
  caller(registers: Registers, read: (address: number) => number | undefined): Registers | undefined {
    const frame = this.frame(registers);
    if (!frame?.rules.saved.has(RETURN)) return undefined;
    const { cfa, rules } = frame;
    const found = registers.map((value, n) => {
      const at = rules.saved.get(n);
      return at === undefined ? value : read((cfa + at) >>> 0);
    });
    found[ESP] = cfa;
    return found[RETURN] === undefined ? undefined : found;
  }

  /** True if the code is a handler that was entered by an interrupt instead of a call. */
  isSignal(pc: number): boolean {
    return this.entryAt(pc)?.common.signal ?? false;
  }

  /** True if there is call frame information of the code. */
  knows(pc: number): boolean {
    return this.entryAt(pc) !== undefined;
  }

  /** True if there is none of any code. */
  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  private entryAt(pc: number): Entry | undefined {
    return this.entries.find(({ start, end }) => start <= pc && pc < end);
  }

  private frame(registers: Registers): { readonly cfa: number; readonly rules: Rules } | undefined {
    const pc = registers[RETURN];
    if (pc === undefined) return undefined;
    const entry = this.entryAt(pc);
    const rules = entry && understood(() => rulesAt(entry, pc));
    const base = rules && registers[rules.register];
    return !rules || base === undefined ? undefined : { cfa: (base + rules.offset) >>> 0, rules };
  }
}

function readEntries(section: Uint8Array, entries: Entry[]): void {
  const commons = new Map<number, Common>();
  const reader = new ByteReader(section);
  while (reader.left >= 8 && entries.length < MAX_ENTRIES) {
    const offset = reader.at;
    const length = reader.u32();
    const end = reader.at + length;
    if (length === 0) continue;
    // Includes the 64-bit format (7.4), which 32-bit programs do not use.
    if (length < 4 || length > reader.left) return;
    const id = reader.u32();
    const own = new ByteReader(section.subarray(0, end), reader.at);
    if (id === 0xffffffff) commons.set(offset, readCommon(own));
    else {
      const common = commons.get(id);
      const start = own.u32();
      const size = own.u32();
      if (common) entries.push({ common, start, end: start + size, program: own.block(own.left) });
    }
    reader.at = end;
  }
}

function readCommon(reader: ByteReader): Common {
  const version = reader.u8();
  const augmentation = reader.text();
  if (version >= 4) reader.at += 2;
  const codeAlign = reader.uleb();
  const dataAlign = reader.sleb();
  if (version === 1) reader.u8();
  else reader.uleb();
  const signal = augmentation.includes('S');
  return { signal, codeAlign, dataAlign, first: reader.block(reader.left) };
}

const copy = ({ register, offset, saved }: Rules): Rules => ({ register, offset, saved: new Map(saved) });

/** Runs the call frame instructions up to `pc` (6.4.2); undefined if one is not supported. */
function rulesAt({ common, start, program }: Entry, pc: number): Rules | undefined {
  const initial: Rules = { register: ESP, offset: 4, saved: new Map() };
  if (!new FrameProgram(common.first, initial, initial, common, 0).run(Number.POSITIVE_INFINITY))
    return undefined;
  const rules = copy(initial);
  return new FrameProgram(program, rules, copy(initial), common, start).run(pc) ? rules : undefined;
}

/** An execution of call frame instructions (6.4.2) through a function, with the rules so far. */
class FrameProgram {
  private readonly program: Uint8Array;
  private readonly reader: ByteReader;
  private readonly rules: Rules;
  private readonly initial: Rules;
  private readonly common: Common;
  private readonly remembered: Rules[] = [];
  private location: number;

  constructor(program: Uint8Array, rules: Rules, initial: Rules, common: Common, start: number) {
    this.program = program;
    this.reader = new ByteReader(program);
    this.rules = rules;
    this.initial = initial;
    this.common = common;
    this.location = start;
  }

  /** Runs up to `pc`; false if an instruction is not supported. */
  run(pc: number): boolean {
    if (this.program.length > MAX_PROGRAM) return false;
    while (this.reader.at < this.program.length) {
      if (!this.step()) return false;
      if (this.location > pc) return true;
    }
    return true;
  }

  private step(): boolean {
    const opcode = this.reader.u8();
    const low = opcode & 0x3f;
    switch (opcode >>> 6) {
      case 1:
        return this.advance(low);
      case 2:
        return this.save(low, this.reader.uleb());
      case 3:
        return this.restore(low);
      default:
        return this.extended(low);
    }
  }

  private extended(opcode: number): boolean {
    const { reader, rules } = this;
    switch (opcode) {
      case 0x00:
        return true;
      case 0x02:
        return this.advance(reader.u8());
      case 0x03:
        return this.advance(reader.u16());
      case 0x04:
        return this.advance(reader.u32());
      case 0x05: {
        const register = reader.uleb();
        return this.save(register, reader.uleb());
      }
      case 0x06:
        return this.restore(reader.uleb());
      case 0x07:
      case 0x08:
        rules.saved.delete(reader.uleb());
        return true;
      case 0x0a:
        return this.remember();
      case 0x0b:
        return this.recall();
      case 0x0c:
        rules.register = reader.uleb();
        rules.offset = reader.uleb();
        return true;
      case 0x0d:
        rules.register = reader.uleb();
        return true;
      case 0x0e:
        rules.offset = reader.uleb();
        return true;
      // DW_CFA_GNU_args_size has no effect on locations.
      case 0x2e:
        reader.uleb();
        return true;
      default:
        return false;
    }
  }

  private advance(by: number): boolean {
    this.location += by * this.common.codeAlign;
    return true;
  }

  /** Ignores registers that a frame does not have. */
  private save(register: number, at: number): boolean {
    if (register <= RETURN) this.rules.saved.set(register, at * this.common.dataAlign);
    return true;
  }

  private restore(register: number): boolean {
    const at = this.initial.saved.get(register);
    if (at === undefined) this.rules.saved.delete(register);
    else this.rules.saved.set(register, at);
    return true;
  }

  private remember(): boolean {
    if (this.remembered.length === MAX_REMEMBERED) return false;
    this.remembered.push(copy(this.rules));
    return true;
  }

  private recall(): boolean {
    const back = this.remembered.pop();
    if (!back) return false;
    const { rules } = this;
    rules.register = back.register;
    rules.offset = back.offset;
    rules.saved.clear();
    for (const [register, at] of back.saved) rules.saved.set(register, at);
    return true;
  }
}

import type { Debuggee } from '../debug/debuggee.ts';
import type { GuestCode, Place } from '../debug/guest-code.ts';
import { unwind } from '../debug/unwind.ts';
import { expressionOf, numberOf, withOrigin } from '../dwarf/attributes.ts';
import { RETURN, type Registers } from '../dwarf/call-frames.ts';
import type { Scope } from '../dwarf/debug-info.ts';
import { AT, type Die } from '../dwarf/entries.ts';
import { type FrameContext, type Location, locate } from '../dwarf/expressions.ts';
import { type Type, typeOf } from '../dwarf/types.ts';
import { understood } from '../dwarf/work.ts';
import type { Data } from './values.ts';

/** One frame of the stack, with the variables in scope and their locations. */
export class Frame implements FrameContext {
  readonly scope: Scope | undefined;
  /** Address of the frame's code; for a caller, an address within the call instruction before the return address. */
  readonly pc: number;
  /** Linear address of the instruction that executes next, or after the return. */
  readonly address: number;
  readonly place: Place;
  private readonly registers: Registers;
  private readonly debuggee: Debuggee;
  private readonly code: GuestCode;

  private constructor(
    debuggee: Debuggee,
    code: GuestCode,
    {
      registers,
      pc,
      scope,
      place,
    }: Pick<Frame, 'pc' | 'scope' | 'place'> & { readonly registers: Registers },
  ) {
    this.debuggee = debuggee;
    this.code = code;
    this.address = registers[RETURN] ?? 0;
    this.registers = registers.with(RETURN, pc);
    this.pc = pc;
    this.scope = scope;
    this.place = place;
  }

  /** The frames of the stack, innermost first; inlined functions have frames of their own. */
  static all(debuggee: Debuggee, code: GuestCode): Frame[] {
    return unwind(debuggee, code).flatMap(({ registers, pc }) => {
      const name = code.nameAt(registers[RETURN] ?? 0, pc);
      const scopes: (Scope | undefined)[] = code.info.scopesAt(pc);
      if (scopes.length === 0) scopes.push(undefined);
      // The innermost has the line of the line table; each other one has the line at which the one before was inlined.
      let { path, line } = code.place(pc);
      return scopes.map((scope, i) => {
        const place = { name, ...(path ? { path, line: line as number } : {}) };
        if (i < scopes.length - 1) place.name = scope?.functionName ?? place.name;
        line = scope?.inlinedAt ?? line;
        path = (scopes[i + 1] && code.place(scopes[i + 1]?.start ?? 0).path) ?? path;
        return new Frame(debuggee, code, { registers, pc, scope, place });
      });
    });
  }

  register(n: number): number | undefined {
    return this.registers[n];
  }

  cfa(): number | undefined {
    return this.code.frames.cfa(this.registers);
  }

  frameBase(): number | undefined {
    const expression = this.scope?.frameBase;
    // A frame base that refers to itself is invalid.
    const own: FrameContext = {
      register: (n) => this.register(n),
      cfa: () => this.cfa(),
      read: (address, bytes) => this.read(address, bytes),
      frameBase: () => undefined,
    };
    const found = expression && locate(expression, own);
    if (found?.kind === 'memory') return found.address;
    // A register location here means the register's contents.
    return found?.kind === 'register' ? this.register(found.register) : undefined;
  }

  read(address: number, bytes: number): Uint8Array | undefined {
    const found = this.debuggee.readMemory('linear', address, bytes);
    return found.length === bytes ? found : undefined;
  }

  /** A parameter or local variable by name; otherwise a global one. */
  variable(name: string): Data | undefined {
    const die =
      this.scope?.variables.find((variable) => variable.name === name)?.die ??
      this.code.info.global(name, this.pc);
    return die && this.dataOf(die);
  }

  /** A variable with an unsupported location, reported as optimized out. */
  dataOf(die: Die): Data {
    const type = typeOf(
      understood(() => withOrigin(die, (entry) => (entry.attributes.has(AT.type) ? entry : undefined))) ??
        die,
    );
    return understood(() => this.locatedData(die, type)) ?? { type };
  }

  private locatedData(die: Die, type: Type): Data {
    const constant = numberOf(die, AT.constValue);
    if (constant !== undefined)
      return { type, bytes: new Uint8Array(Int32Array.of(constant, constant < 0 ? -1 : 0).buffer) };
    const expression = expressionOf(die, AT.location, this.pc);
    const location = expression && locate(expression, this);
    if (!location) return { type };
    if (location.kind === 'memory') return { type, address: location.address };
    const bytes = this.bytesOf(location, type.bytes);
    return bytes ? { type, bytes } : { type };
  }

  private bytesOf(location: Location, length: number): Uint8Array | undefined {
    switch (location.kind) {
      case 'memory':
        return this.read(location.address, length);
      case 'register': {
        const value = this.register(location.register);
        return value === undefined || length > 4
          ? undefined
          : new Uint8Array(Uint32Array.of(value).buffer, 0, length);
      }
      case 'value':
        return location.bytes;
      case 'pieces': {
        const parts = location.pieces.map(
          (piece) => piece.location && this.bytesOf(piece.location, piece.bytes),
        );
        return parts.every((part) => part !== undefined) ? Buffer.concat(parts) : undefined;
      }
    }
  }
}

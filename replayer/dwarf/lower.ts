import { BadInput } from '../../schemas/bad-input.ts';
import { meant } from '../../schemas/nearest.ts';
import { type Expression, isProbeRegister, type LoadBytes } from '../../schemas/probe-expression.ts';
import { GENERAL_REGISTERS } from '../../schemas/registers.ts';
import { expressionOf, numberOf, withOrigin } from './attributes.ts';
import { ByteReader } from './byte-reader.ts';
import type { DebugInfo, Scope } from './debug-info.ts';
import { AT, type Die } from './entries.ts';
import { type Member, type Type, typeOf } from './types.ts';
import { understood } from './work.ts';

/** Turns the names and members in an expression into registers and memory, by the program's DWARF. */

/** The position in the code at which an expression is evaluated, and the meaning of names there. */
export interface LoweringPlace {
  readonly info: DebugInfo;
  /** Linear address of the instruction. */
  readonly pc: number;
  /** True at the first instruction of a function, before anything is pushed. */
  readonly atEntry: boolean;
  /** Linear address of a symbol. */
  symbol(name: string): number | undefined;
}

/** A value without an address (`value`) or an object in memory (`address`), and its type if known. */
interface Lowered {
  readonly type?: Type | undefined;
  readonly value?: Expression;
  readonly address?: Expression;
  readonly bits?: Member['bits'];
}

const number = (value: number): Expression => ({ kind: 'number', value: value >>> 0 });
const register = (name: string): Expression => ({ kind: 'name', name });
const load = (bytes: LoadBytes, address: Expression): Expression => ({ kind: 'load', bytes, address });
const sum = (left: Expression, right: number | Expression): Expression => {
  if (typeof right !== 'number') return { kind: 'binary', operator: '+', left, right };
  if (right === 0) return left;
  if (left.kind === 'number') return number(left.value + right);
  if (left.kind === 'binary' && left.operator === '+' && left.right.kind === 'number')
    return sum(left.left, (left.right.value + right) | 0);
  return right < 0
    ? { kind: 'binary', operator: '-', left, right: number(-right) }
    : { kind: 'binary', operator: '+', left, right: number(right) };
};

/** DWARF numbers of the i386's registers (System V ABI, i386). */
const REGISTERS: readonly string[] = GENERAL_REGISTERS;
const ESP = 4;
const EBP = 5;

/** `argN`: the word that the caller pushed as the Nth argument, from 0 (System V ABI, i386); at the start of a function only. */
const ARGUMENT = /^arg(\d{1,2})$/;

/** Rewrites an expression to use registers and memory alone. Throws BadInput for names that are not in scope. */
export function lowerExpression(expression: Expression, place: LoweringPlace): Expression {
  place.info.begin();
  return readValue(new Lowering(place).lower(expression));
}

/** Names of the parameters of the function at `pc`, in order; undefined if unknown. */
export function parametersAt(info: DebugInfo, pc: number): readonly string[] | undefined {
  info.begin();
  const scope = info.scopesAt(pc).at(-1);
  return scope?.start === pc
    ? scope.variables.filter(({ isParameter }) => isParameter).map(({ name }) => name)
    : undefined;
}

class Lowering {
  private readonly place: LoweringPlace;
  private readonly scope: Scope | undefined;

  constructor(place: LoweringPlace) {
    this.place = place;
    const scopes = place.info.scopesAt(place.pc);
    this.scope = place.atEntry ? scopes.at(-1) : scopes[0];
  }

  lower(expression: Expression): Lowered {
    switch (expression.kind) {
      case 'number':
        return { value: expression };
      case 'name':
        return this.name(expression.name);
      case 'load':
        return { value: load(expression.bytes, this.value(expression.address)) };
      case 'unary':
        return { value: { ...expression, of: this.value(expression.of) } };
      case 'binary':
        return {
          value: { ...expression, left: this.value(expression.left), right: this.value(expression.right) },
        };
      case 'pointee':
        return pointee(this.lower(expression.of));
      case 'address': {
        const { address, bits } = this.lower(expression.of);
        if (address === undefined || bits) throw new BadInput('the operand of & has no address in memory');
        return { value: address };
      }
      case 'member': {
        const of = this.lower(expression.of);
        return member(expression.through ? pointee(of) : of, expression.name);
      }
      case 'element':
        return this.element(this.lower(expression.of), this.value(expression.index));
    }
  }

  private value(expression: Expression): Expression {
    return readValue(this.lower(expression));
  }

  private name(name: string): Lowered {
    const { place, scope } = this;
    const own = scope?.variables.find((variable) => variable.name === name);
    if (own) return this.located(own.die, name);
    if (isProbeRegister(name)) return { value: register(name) };
    const [, argument] = ARGUMENT.exec(name) ?? [];
    if (argument !== undefined && place.atEntry)
      return { address: sum(register('esp'), 4 + 4 * Number(argument)) };
    const global = place.info.global(name, place.pc);
    if (global) return this.located(global, name);
    const symbol = place.symbol(name);
    if (symbol !== undefined) return { address: number(symbol) };
    const known = (scope?.variables ?? []).map((variable) => variable.name);
    throw new BadInput(
      `${name}: no such name in scope${meant(name, known)}`,
      known.length > 0
        ? `give ${known.slice(0, 12).join(', ')}, a register, a symbol, or arg0, arg1, …`
        : 'give a register, a symbol, or at the start of a function arg0, arg1, …; or a kernel with DWARF: --symbols FILE',
    );
  }

  private located(die: Die, name: string): Lowered {
    const type = typeOf(
      understood(() => withOrigin(die, (entry) => (entry.attributes.has(AT.type) ? entry : undefined))) ??
        die,
    );
    const constant = numberOf(die, AT.constValue);
    if (constant !== undefined) return { type, value: number(constant) };
    const found = understood(() => {
      const location = expressionOf(die, AT.location, this.place.pc);
      return location && this.location(location);
    });
    if (found) return { type, ...found };
    throw new BadInput(
      `${name} has no known location at 0x${this.place.pc.toString(16)}: the compiler may have optimized it away`,
      'give a register or an expression of some instead',
    );
  }

  /** Lowers a location expression of one operation, as compilers emit for a variable in memory or one register; undefined for others. */
  private location(bytes: Uint8Array): Lowered | undefined {
    const reader = new ByteReader(bytes);
    const opcode = reader.u8();
    const found = this.operation(opcode, reader);
    return reader.left === 0 ? found : undefined;
  }

  private operation(opcode: number, reader: ByteReader): Lowered | undefined {
    if (opcode === 0x03) return { address: number(reader.u32()) };
    if (opcode === 0x91) {
      const base = this.frameBase();
      return base && { address: sum(base, reader.sleb()) };
    }
    if (opcode >= 0x50 && opcode <= 0x57) return { value: register(REGISTERS[opcode - 0x50]) };
    if (opcode >= 0x70 && opcode <= 0x77)
      return { address: sum(this.frameRegister(opcode - 0x70), reader.sleb()) };
    return undefined;
  }

  private frameBase(): Expression | undefined {
    const bytes = this.scope?.frameBase;
    if (!bytes || bytes.length === 0) return undefined;
    const reader = new ByteReader(bytes);
    const opcode = reader.u8();
    // DW_OP_call_frame_cfa: ESP before the call.
    if (opcode === 0x9c) return this.place.atEntry ? sum(register('esp'), 4) : sum(register('ebp'), 8);
    if (opcode >= 0x50 && opcode <= 0x57) return this.frameRegister(opcode - 0x50);
    return opcode >= 0x70 && opcode <= 0x77
      ? sum(this.frameRegister(opcode - 0x70), reader.sleb())
      : undefined;
  }

  /** The value of EBP after the function has set up its frame (PUSH EBP; MOV EBP, ESP). */
  private frameRegister(n: number): Expression {
    return n === EBP && this.place.atEntry ? sum(register(REGISTERS[ESP]), -4) : register(REGISTERS[n]);
  }

  private element(of: Lowered, index: Expression): Lowered {
    const { type } = of;
    const element =
      type?.kind === 'array' ? type.element : type?.kind === 'pointer' ? type.target() : undefined;
    const bytes = element?.bytes || 4;
    const offset: Expression = { kind: 'binary', operator: '*', left: index, right: number(bytes) };
    const by = index.kind === 'number' ? index.value * bytes : offset;
    const start = type?.kind === 'array' ? of.address : readValue(of);
    if (start === undefined) throw new BadInput('an array that is not in memory has no elements');
    return { type: element, address: sum(start, by) };
  }
}

/** The value by C's rules: an object in memory is read, an array or structure becomes its address. */
function readValue({ type, value, address, bits }: Lowered): Expression {
  if (value) return value;
  const at = address as Expression;
  if (type?.kind === 'array' || type?.kind === 'structure') return at;
  const bytes = type?.bytes === 1 || type?.bytes === 2 ? type.bytes : 4;
  if (!bits) return load(bytes, at);
  const word: Expression = {
    kind: 'binary',
    operator: '>>',
    left: load(bytes, at),
    right: number(bits.first),
  };
  if (bits.count > 31) return word;
  return { kind: 'binary', operator: '&', left: word, right: number(2 ** bits.count - 1) };
}

function pointee(of: Lowered): Lowered {
  const { type } = of;
  return { type: type?.kind === 'pointer' ? type.target() : undefined, address: readValue(of) };
}

function member({ type, address }: Lowered, name: string): Lowered {
  if (type?.kind !== 'structure' || address === undefined)
    throw new BadInput(
      `${name}: member access on a value whose type is not a structure`,
      'write *(POINTER+OFFSET), or give a kernel with DWARF: --symbols FILE',
    );
  const members = type.members();
  for (const one of members) {
    const found = {
      type: one.type,
      address: sum(address, one.offset),
      ...(one.bits ? { bits: one.bits } : {}),
    };
    if (one.name === name) return found;
    if (one.name === '' && one.type.kind === 'structure' && hasMember(one.type, name))
      return member(found, name);
  }
  const names = members.map((one) => one.name).filter(Boolean);
  throw new BadInput(
    `${type.name} has no member ${name}${meant(name, names)}`,
    `it has ${names.slice(0, 12).join(', ')}`,
  );
}

const hasMember = (type: Extract<Type, { kind: 'structure' }>, name: string): boolean =>
  type
    .members()
    .some(
      (one) =>
        one.name === name || (one.name === '' && one.type.kind === 'structure' && hasMember(one.type, name)),
    );

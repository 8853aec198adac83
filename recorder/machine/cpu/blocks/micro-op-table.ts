import { APPLICATION, BIG, CODE_SEGMENT, EXPAND_DOWN, SEGMENT_PRESENT, WRITABLE } from '../descriptors.ts';
import {
  CF,
  DF,
  KIND_ADD,
  KIND_DEC,
  KIND_INC,
  KIND_MASK,
  KIND_RAW,
  KIND_SBB,
  KIND_SHIFT,
  KIND_SUB,
} from '../flags.ts';
import * as state from '../state.ts';
import type { Expression, Statement, Transfer, Truth } from './meaning.ts';
import * as m from './meaning.ts';

/**
 * The table of micro-ops, with the name and meaning of each. The number of a micro-op is its index here; those that end a block come
 * last. The interpreter (generate.ts) and the facts about each (facts.ts) are made from it.
 *
 * Names in scope of a meaning: `base` (EIP of the block), `adjust` and `adjustLeft` (AF where a 286 or 386 sets it: flags.ts). A load or
 * store uses the local `lin` as address, and a load sets the local `v`.
 */
export interface MicroOp<Name extends string = string> {
  readonly name: Name;
  readonly meaning: readonly Statement[];
  /** For one that ends its block: its last action. */
  readonly transfer?: Transfer;
}

const micro = <Name extends string>(name: Name, ...meaning: Statement[]): MicroOp<Name> => ({
  name,
  meaning,
});
const ending = <Name extends string>(
  name: Name,
  transfer: Transfer,
  ...meaning: Statement[]
): MicroOp<Name> => ({ name, meaning, transfer });

const { local, set, load, loadToModify, store, flags, when, perform, goto } = m;
const { add, sub, and, or, xor, shl, sar, shr, choose, compare, call, asked } = m;

const register = (field: 'a' | 'b' | 'x') => m.word(m.field(field));
const A = register('a');
const B = register('b');
const X = register('x');
const A8 = m.byte(m.field('a'));
const B8 = m.byte(m.field('b'));
const SCALE = m.field('scale');
const DISPLACEMENT = m.field('displacement');
const IMMEDIATE = m.field('immediate');
const MASK = m.field('x');
const BASE = m.name('base');
const ADJUST = m.name('adjust');
const ADJUST_LEFT = m.name('adjustLeft');
const [a, b, c, n, o, v, lin, mask, count] = ['a', 'b', 'c', 'n', 'o', 'v', 'lin', 'mask', 'count'].map(
  m.name,
);
const { EAX, ECX, EDX, ESP, EBP } = state;

const ADDRESS_OF = local('lin', add(add(B, shl(X, SCALE)), DISPLACEMENT));
const ADDRESS_BASE = local('lin', add(B, DISPLACEMENT));
/** The low half of a register changes. */
const lowHalf = (value: Expression) => or(and(A, -65536), value);

/** The kind of an operation on 8 or 16 bits. */
const narrow = (kind: number, bits: number): number => kind | ((32 - bits) << KIND_SHIFT);
const logic = (kind: number) => flags(kind, v, v, 0);
/** The current carry and overflow. */
const raw = (carry: Expression, overflow: Expression | number) => flags(KIND_RAW, v, carry, overflow);

const UP = compare(and(m.word(state.SYSTEM_FLAGS), DF), '===', 0);

// --- Moves -----------------------------------------------------------------------------------------------------------

const MOVES = [
  micro('NOP'),
  micro('COLD', perform('cold')),
  micro('MOV', set(A, B)),
  micro('MOV_I', set(A, IMMEDIATE)),
  micro('MOV8', set(A8, B8)),
  micro('MOV8_I', set(A8, IMMEDIATE)),
  micro('MOV16', set(A, lowHalf(and(B, 65535)))),
  micro('MOV_ESP', perform('moveEsp', B)),
  micro('ZX8', set(A, B8)),
  micro('SX8', set(A, sar(shl(B8, 24), 24))),
  micro('ZX16', set(A, and(B, 65535))),
  micro('SX16', set(A, sar(shl(B, 16), 16))),
  micro('XCHG', local('v', A), set(A, B), set(B, v)),
  micro('MOV_CR', perform('requirePrivilege'), set(A, B)),
  micro('RDTSC', perform('rdtsc')),
  micro('LEA', ADDRESS_OF, set(A, lin)),
  micro('CDQ', set(m.word(EDX), sar(m.word(EAX), 31))),

  micro('LOAD', ADDRESS_OF, load(4), set(A, v)),
  micro('LOAD_B', ADDRESS_BASE, load(4), set(A, v)),
  micro('LOAD8', ADDRESS_OF, load(1), set(A8, v)),
  micro('LOAD_ZX8', ADDRESS_OF, load(1), set(A, v)),
  micro('LOAD_SX8', ADDRESS_OF, load(1), set(A, sar(shl(v, 24), 24))),
  micro('LOAD_ZX16', ADDRESS_OF, load(2), set(A, v)),
  micro('LOAD_SX16', ADDRESS_OF, load(2), set(A, sar(shl(v, 16), 16))),
  micro('MODIFY', ADDRESS_OF, loadToModify(4), set(A, v)),
  micro('MODIFY8', ADDRESS_OF, loadToModify(1), set(A8, v)),
  micro('MODIFY16', ADDRESS_OF, loadToModify(2), set(A, v)),
  micro('STORE', ADDRESS_OF, local('v', A), store(4, v)),
  micro('STORE_B', ADDRESS_BASE, local('v', A), store(4, v)),
  micro('STORE8', ADDRESS_OF, local('v', A8), store(1, v)),
  micro('STORE16', ADDRESS_OF, local('v', A), store(2, v)),
  // A pointer of a string instruction goes up by `immediate`, or with DF set down.
  micro('STEP_POINTER', set(A, add(A, choose(UP, IMMEDIATE, m.negate(IMMEDIATE))))),
] as const;

// --- Segments that matter --------------------------------------------------------------------------------------------

/** A segment that reads and writes need not ask about but for its limit: present, writable, not expanding down. */
const OPEN = SEGMENT_PRESENT | APPLICATION | WRITABLE;
const OPEN_MASK = OPEN | CODE_SEGMENT | EXPAND_DOWN;
/** For a write; the bits below are the operand's size less one. */
export const SEGMENTED_WRITE = 8;

/** ADDRESS = linear address of `offset` in the segment whose cache `a` names, if the operand lies in it. */
const segmented = (offset: Expression): readonly Statement[] => {
  const [off, seg] = [m.name('off'), m.name('seg')];
  const open = compare(and(m.word(add(seg, 3)), OPEN_MASK), '===', OPEN);
  const inside = m.within(off, and(IMMEDIATE, 7), m.word(add(seg, 2)));
  return [
    local('off', offset),
    local('seg', m.field('a')),
    set(
      m.word(state.ADDRESS),
      choose(m.both(open, inside), add(m.word(add(seg, 1)), off), call('segmented', off)),
    ),
  ];
};
const cacheWord = (segment: number, word: number) =>
  m.word(state.SEGMENTS + segment * state.SEGMENT_WORDS + word);
/** SS.B: whether the stack pointer is ESP or SP. */
const STACK_MASK = choose(compare(and(cacheWord(state.SS, 3), BIG), '!==', 0), -1, 65535);
const CS_LIMIT = cacheWord(state.CS, 2);
const STACK_POINTER = or(and(m.word(ESP), m.not(mask)), and(add(B, DISPLACEMENT), mask));

const SEGMENT_OPS = [
  micro('SEGMENTED16', ...segmented(and(add(add(B, X), DISPLACEMENT), 65535))),
  micro('SEGMENTED', ...segmented(add(add(B, shl(X, SCALE)), DISPLACEMENT))),
  micro('SEGMENTED_STACK', ...segmented(and(add(B, DISPLACEMENT), STACK_MASK))),
  micro('SET_SP', local('mask', STACK_MASK), set(m.word(ESP), STACK_POINTER)),
  // EIP of what comes displacement bytes after the block's beginning, cut to the mask in `immediate`.
  micro('EIP', set(A, and(add(BASE, DISPLACEMENT), IMMEDIATE))),
  micro('CHECK_EIP', when(compare(A, '>u', CS_LIMIT), perform('beyondCode'))),
  micro('CALLED', set(m.word(state.CALLED), 1)),
] as const;

const push = (value: Expression): readonly Statement[] => [
  local('v', value),
  local('lin', sub(m.word(ESP), 4)),
  store(4, v),
  set(m.word(ESP), lin),
];

const STACK = [
  micro('PUSH', ...push(A)),
  micro('PUSH_I', ...push(IMMEDIATE)),
  micro('POP', local('lin', m.word(ESP)), load(4), set(m.word(ESP), add(lin, 4)), set(A, v)),
  micro('LEAVE', local('lin', m.word(EBP)), load(4), set(m.word(ESP), add(lin, 4)), set(m.word(EBP), v)),
] as const;

// --- Arithmetic ------------------------------------------------------------------------------------------------------

const FLAG_A = m.word(state.FLAG_A);
const FLAG_B = m.word(state.FLAG_B);
const RESULT = m.word(state.FLAG_RESULT);
/** The last operation to set flags compared its operands: SUB, CMP, or a logical one with 0. */
const COMPARED = compare(and(m.word(state.FLAG_KIND), KIND_MASK), '===', KIND_SUB);
const CARRY = choose(COMPARED, choose(compare(FLAG_A, '<u', FLAG_B), 1, 0), call('cf'));

/** Operands of 8 and 16 bits are processed at the top of the word, so that carries and signs are those of a word. */
const NARROW = [
  { bits: 8, to: A8, from: B8, store: set(A8, shr(v, 24)) },
  { bits: 16, to: A, from: B, store: set(A, lowHalf(shr(v, 16))) },
] as const;
const top = (value: Expression | number, bits: number): Expression => shl(value as Expression, 32 - bits);

const ALU = [
  { name: 'ADD', kind: KIND_ADD, result: add(a, b), carries: false, keeps: false },
  { name: 'ADC', kind: KIND_ADD, result: add(add(a, b), c), carries: true, keeps: false },
  { name: 'SUB', kind: KIND_SUB, result: sub(a, b), carries: false, keeps: false },
  { name: 'SBB', kind: KIND_SBB, result: sub(sub(a, b), c), carries: true, keeps: false },
  { name: 'CMP', kind: KIND_SUB, result: sub(a, b), carries: false, keeps: true },
] as const;

const ARITHMETIC = ALU.flatMap(({ name, kind, result, carries, keeps }) => {
  const wide = (source: Expression): Statement[] => [
    ...(carries ? [local('c', CARRY)] : []),
    local('a', A),
    local('b', source),
    local('v', result),
    ...(keeps ? [] : [set(A, v)]),
    flags(kind, v, a, b),
  ];
  const narrowed = ({ bits, to, store }: (typeof NARROW)[number], source: Expression): Statement[] => [
    ...(carries ? [local('c', top(CARRY, bits))] : []),
    local('a', top(to, bits)),
    local('b', top(source, bits)),
    local('v', result),
    ...(keeps ? [] : [store]),
    flags(narrow(kind, bits), v, a, b),
  ];
  return [
    micro(name, ...wide(B)),
    micro(`${name}_I` as const, ...wide(IMMEDIATE)),
    ...NARROW.flatMap((width) => [
      micro(`${name}${width.bits}` as const, ...narrowed(width, width.from)),
      micro(`${name}${width.bits}_I` as const, ...narrowed(width, IMMEDIATE)),
    ]),
  ];
});

const LOGICAL = (
  [
    { name: 'AND', operate: and, keeps: false },
    { name: 'OR', operate: or, keeps: false },
    { name: 'XOR', operate: xor, keeps: false },
    { name: 'TEST', operate: and, keeps: true },
  ] as const
).flatMap(({ name, operate, keeps }) => {
  const wide = (source: Expression): Statement[] => [
    local('v', operate(A, source)),
    ...(keeps ? [] : [set(A, v)]),
    logic(KIND_SUB),
  ];
  const narrowed = ({ bits, to, store }: (typeof NARROW)[number], source: Expression): Statement[] => [
    local('v', top(operate(to, source), bits)),
    ...(keeps ? [] : [store]),
    logic(narrow(KIND_SUB, bits)),
  ];
  return [
    micro(name, ...wide(B)),
    micro(`${name}_I` as const, ...wide(IMMEDIATE)),
    ...NARROW.flatMap((width) => [
      micro(`${name}${width.bits}` as const, ...narrowed(width, width.from)),
      micro(`${name}${width.bits}_I` as const, ...narrowed(width, IMMEDIATE)),
    ]),
  ];
});

/** INC and DEC keep CF, which is computed first and kept as the second operand. */
const STEPS = [
  { name: 'INC', kind: KIND_INC, by: add },
  { name: 'DEC', kind: KIND_DEC, by: sub },
] as const;
const STEPPING = [
  ...STEPS.map(({ name, kind, by }) =>
    micro(name, local('c', CARRY), local('a', A), local('v', by(a, 1)), set(A, v), flags(kind, v, a, c)),
  ),
  ...NARROW.flatMap(({ bits, to, store }) =>
    STEPS.map(({ name, kind, by }) =>
      micro(
        `${name}${bits}` as const,
        local('c', CARRY),
        local('a', top(to, bits)),
        local('v', by(a, 2 ** (32 - bits))),
        store,
        flags(narrow(kind, bits), v, a, c),
      ),
    ),
  ),
];

const multiply = (left: Expression, right: Expression): Statement[] => [
  local('a', left),
  local('b', right),
  local('v', m.product(a, b)),
  local('o', choose(m.productIs(a, b, v), 0, 1)),
  set(A, v),
  raw(or(o, ADJUST), o),
];

/** Shifts by `n`, 1 to 31. */
const SHIFTS = [
  {
    name: 'SHL',
    shift: [
      local('v', shl(a, n)),
      local('c', and(shr(a, sub(32, n)), 1)),
      set(A, v),
      raw(or(c, or(and(v, ADJUST), ADJUST_LEFT)), xor(shr(v, 31), c)),
    ],
  },
  {
    name: 'SHR',
    shift: [
      local('v', shr(a, n)),
      set(A, v),
      raw(or(and(shr(a, sub(n, 1)), 1), ADJUST), and(xor(shr(v, 31), shr(v, 30)), 1)),
    ],
  },
  {
    name: 'SAR',
    shift: [local('v', sar(a, n)), set(A, v), raw(or(and(sar(a, sub(n, 1)), 1), ADJUST), 0)],
  },
] as const;

const SHIFTING = [
  micro('NEG', local('a', A), local('v', m.negate(a)), set(A, v), flags(KIND_SUB, v, 0, a)),
  micro('NOT', set(A, m.not(A))),
  micro('IMUL', ...multiply(A, B)),
  micro('IMUL_I', ...multiply(B, IMMEDIATE)),
  ...SHIFTS.flatMap(({ name, shift }) => [
    micro(`${name}_I` as const, local('n', IMMEDIATE), local('a', A), ...shift),
    micro(
      `${name}_CL` as const,
      local('n', and(m.word(ECX), 31)),
      when(compare(n, '!==', 0), local('a', A), ...shift),
    ),
  ]),
  // SHL and SHR of 16 bits, by 1 to 15.
  micro(
    'SHL16_I',
    local('n', IMMEDIATE),
    local('a', A),
    local('v', shl(a, add(16, n))),
    local('c', and(shr(a, sub(16, n)), 1)),
    set(A, or(and(a, -65536), shr(v, 16))),
    flags(narrow(KIND_RAW, 16), v, or(c, or(and(shr(v, 16), ADJUST), ADJUST_LEFT)), xor(shr(v, 31), c)),
  ),
  micro(
    'SHR16_I',
    local('n', IMMEDIATE),
    local('a', A),
    local('v', shr(and(a, 65535), n)),
    set(A, or(and(a, -65536), v)),
    flags(
      narrow(KIND_RAW, 16),
      shl(v, 16),
      or(and(shr(a, sub(n, 1)), 1), ADJUST),
      and(xor(shr(v, 15), shr(v, 14)), 1),
    ),
  ),
  // Rotates keep the other flags, which must be worked out first.
  micro(
    'ROL_I',
    local('n', IMMEDIATE),
    local('a', A),
    local('v', or(shl(a, n), shr(a, sub(32, n)))),
    set(A, v),
    perform('rotated', and(v, CF), and(xor(v, shr(v, 31)), 1)),
  ),
  micro(
    'ROR_I',
    local('n', IMMEDIATE),
    local('a', A),
    local('v', or(shr(a, n), shl(a, sub(32, n)))),
    set(A, v),
    perform('rotated', shr(v, 31), xor(shr(v, 31), and(shr(v, 30), 1))),
  ),
] as const;

// --- Conditions ------------------------------------------------------------------------------------------------------

/** A condition by the operands of the last comparison if possible, otherwise by the flags. */
const comparing = (code: number, test: Truth): Truth => m.either(COMPARED, test, asked('condition', code));

/** By condition code (80386 Programmer's Reference, appendix D). */
const CONDITIONS: readonly Truth[] = [
  asked('condition', 0),
  asked('condition', 1),
  comparing(2, compare(FLAG_A, '<u', FLAG_B)),
  comparing(3, compare(FLAG_A, '>=u', FLAG_B)),
  compare(RESULT, '===', 0),
  compare(RESULT, '!==', 0),
  comparing(6, compare(FLAG_A, '<=u', FLAG_B)),
  comparing(7, compare(FLAG_A, '>u', FLAG_B)),
  comparing(8, compare(RESULT, '<', 0)),
  comparing(9, compare(RESULT, '>=', 0)),
  asked('condition', 10),
  asked('condition', 11),
  comparing(12, compare(FLAG_A, '<', FLAG_B)),
  comparing(13, compare(FLAG_A, '>=', FLAG_B)),
  comparing(14, compare(FLAG_A, '<=', FLAG_B)),
  comparing(15, compare(FLAG_A, '>', FLAG_B)),
];

const CONDITIONAL = [
  micro('CMOV', when(asked('condition', IMMEDIATE), set(A, B))),
  micro('SETCC', set(A8, choose(asked('condition', IMMEDIATE), 1, 0))),
] as const;

// --- Transfers -------------------------------------------------------------------------------------------------------

type Nibble = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15;
const called = set(m.word(state.CALLED), 1);
/** LOOP and its kind: the mask of CX or ECX in `x`. */
const COUNTED = [local('mask', MASK), local('count', and(sub(m.word(ECX), 1), mask))];
const COUNT_DOWN = set(m.word(ECX), or(and(m.word(ECX), m.not(mask)), count));
const MORE = compare(count, '!==', 0);

const TRANSFERS = [
  ending('END', m.FALL),
  ending('COLD_END', m.LEAVE, perform('coldEnd')),
  // INVLPG and loads of CR3: only the fetch of the next instruction is affected.
  ending('COLD_REFETCH', m.refetch(false), perform('cold')),
  ending('INVLPG', m.refetch(true), ADDRESS_OF, perform('invlpg', lin)),
  ending('LOAD_CR3', m.refetch(true), perform('loadDirectory', and(B, ~0xfe7))),
  ending('JMP', goto(add(BASE, DISPLACEMENT), true)),
  ending('JMP_R', goto(B, false)),
  ...CONDITIONS.map((condition, code) => ending(`JCC${code as Nibble}` as const, m.branch(condition))),
  ending('CALL', goto(add(BASE, DISPLACEMENT), true), m.scope(...push(add(BASE, IMMEDIATE))), called),
  ending(
    'CALL_R',
    goto(m.name('target'), false),
    local('target', B),
    m.scope(...push(add(BASE, IMMEDIATE))),
    called,
  ),
  ending('RET', goto(v, false), local('lin', m.word(ESP)), load(4), set(m.word(ESP), add(lin, IMMEDIATE))),
  ending('JMP_NEAR', m.near(m.ALWAYS)),
  ending('JCC_NEAR', m.near(asked('condition', m.field('x')))),
  ending('LOOP', m.near(MORE, COUNT_DOWN), ...COUNTED),
  ending('LOOPE', m.near(m.both(MORE, compare(RESULT, '===', 0)), COUNT_DOWN), ...COUNTED),
  ending('LOOPNE', m.near(m.both(MORE, compare(RESULT, '!==', 0)), COUNT_DOWN), ...COUNTED),
  ending('JCXZ', m.near(compare(and(m.word(ECX), MASK), '===', 0))),
] as const;

const ROWS = [
  ...MOVES,
  ...SEGMENT_OPS,
  ...STACK,
  ...ARITHMETIC,
  ...LOGICAL,
  ...STEPPING,
  ...SHIFTING,
  ...CONDITIONAL,
  ...TRANSFERS,
];

export type MicroName = (typeof ROWS)[number]['name'];
export const MICRO_OPS: readonly MicroOp<MicroName>[] = ROWS;

import { FAST_PATH } from '../../layout.ts';
import { MAX_LENGTH } from '../decoder.ts';
import { APPLICATION, BIG, CODE_SEGMENT, EXPAND_DOWN, SEGMENT_PRESENT, WRITABLE } from '../descriptors.ts';
import {
  CF,
  KIND_ADD,
  KIND_DEC,
  KIND_INC,
  KIND_MASK,
  KIND_RAW,
  KIND_SBB,
  KIND_SHIFT,
  KIND_SUB,
} from '../flags.ts';
import {
  ADDRESS,
  BLOCK_EIP,
  CALLED,
  CS,
  EAX,
  EBP,
  ECX,
  EDX,
  ESP,
  FLAG_A,
  FLAG_B,
  FLAG_KIND,
  FLAG_RESULT,
  LEFT,
  SEGMENT_WORDS,
  SEGMENTS,
  SS,
} from '../state.ts';

/**
 * The bodies of the interpreter's cases, as text with every offset written out as a number: V8 compiles a switch over
 * literals to a jump table and folds literal offsets into addresses, and does neither for imported constants.
 * `generate.ts` makes interpreter.ts of it.
 *
 * Names in scope: `p` (index of the micro-op in `code`), `left` (instructions left in the run at the start of the
 * block), `base` (EIP of the block), `canRead` and `canWrite` (FAST_PATH bits at the current privilege), `adjust`
 * (AF where a 286 sets it: flags.ts), and the views.
 */
export interface Template {
  readonly name: string;
  readonly body: string;
  readonly ends: boolean;
}

/** Instructions in a block at most: bounds what an exit to the slow loop can cost. */
export const MAX_INSTRUCTIONS = 64;
const MAX_BLOCK_BYTES = MAX_INSTRUCTIONS * MAX_LENGTH;

const templates: Template[] = [];
const micro = (name: string, body: string): void => {
  templates.push({ name, body: `${body} p += 8; continue;`, ends: false });
};
const ending = (name: string, body: string): void => {
  templates.push({ name, body, ends: true });
};

const A = 'i32[code[p + 1]]';
const B = 'i32[code[p + 2]]';
const A8 = 'u8[code[p + 1]]';
const B8 = 'u8[code[p + 2]]';
const IMM = 'code[p + 6]';

const ADDRESS_OF = 'const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;';
const ADDRESS_BASE = 'const lin = (i32[code[p + 2]] + code[p + 5]) | 0;';

const VIEW_READ: Record<number, string> = {
  1: 'u8[at]',
  2: 'view.getUint16(at, true)',
  4: 'view.getInt32(at, true)',
};
const viewWrite = (size: number, value: string): string =>
  size === 1 ? `u8[at] = ${value}` : `view.setInt${size * 8}(at, ${value}, true)`;

/** Declares `v`, read at `lin`. */
const read = (size: number): string => `
const slot = i32[${FAST_PATH >>> 2} + (lin >>> 12)];
const at = (slot & -4096) + (lin & 4095);
const v = (slot & canRead) !== 0${size > 1 ? ` && (lin & 4095) <= ${4096 - size}` : ''} ? ${VIEW_READ[size]} : run.readSlow(p, lin, ${size});`;

/** As `read`, when a write to the same place is to follow. */
const readForWrite = (size: number): string => `
const slot = i32[${FAST_PATH >>> 2} + (lin >>> 12)];
const at = (slot & -4096) + (lin & 4095);
const v = (slot & canWrite) !== 0${size > 1 ? ` && (lin & 4095) <= ${4096 - size}` : ''} ? ${VIEW_READ[size]} : run.readForWriteSlow(p, lin, ${size});`;

const write = (size: number, value: string): string => `
const slot = i32[${FAST_PATH >>> 2} + (lin >>> 12)];
if ((slot & canWrite) !== 0${size > 1 ? ` && (lin & 4095) <= ${4096 - size}` : ''}) {
  const at = (slot & -4096) + (lin & 4095);
  ${viewWrite(size, value)};
} else run.writeSlow(p, lin, ${size}, ${value});`;

const flags = (kind: number, result: string, a: string, b: string): string =>
  `i32[${FLAG_KIND}] = ${kind}; i32[${FLAG_RESULT}] = ${result}; i32[${FLAG_A}] = ${a}; i32[${FLAG_B}] = ${b};`;
/** The kind of an operation on 8 or 16 bits. */
const narrow = (kind: number, bits: number): number => kind | ((32 - bits) << KIND_SHIFT);
const logic = (v: string): string => flags(KIND_SUB, v, v, '0');
const raw = (v: string, carry: string, overflow: string): string => flags(KIND_RAW, v, carry, overflow);

// --- Moves ---------------------------------------------------------------------------------------------------------

micro('NOP', '');
micro('COLD', 'run.cold(p);');
micro('MOV', `${A} = ${B};`);
micro('MOV_I', `${A} = ${IMM};`);
micro('MOV8', `${A8} = ${B8};`);
micro('MOV8_I', `${A8} = ${IMM};`);
micro('MOV16', `${A} = (${A} & -65536) | (${B} & 65535);`);
micro('MOV_ESP', `run.moveEsp(p, ${B});`);
micro('ZX8', `${A} = ${B8};`);
micro('SX8', `${A} = (${B8} << 24) >> 24;`);
micro('ZX16', `${A} = ${B} & 65535;`);
micro('SX16', `${A} = (${B} << 16) >> 16;`);
micro('XCHG', `const v = ${A}; ${A} = ${B}; ${B} = v;`);
micro('MOV_CR', `run.requirePrivilege(p); ${A} = ${B};`);
micro('LEA', `${ADDRESS_OF} ${A} = lin;`);
micro('CDQ', `i32[${EDX}] = i32[${EAX}] >> 31;`);

micro('LOAD', `${ADDRESS_OF} ${read(4)} ${A} = v;`);
micro('LOAD_B', `${ADDRESS_BASE} ${read(4)} ${A} = v;`);
micro('LOAD8', `${ADDRESS_OF} ${read(1)} ${A8} = v;`);
micro('LOAD_ZX8', `${ADDRESS_OF} ${read(1)} ${A} = v;`);
micro('LOAD_SX8', `${ADDRESS_OF} ${read(1)} ${A} = (v << 24) >> 24;`);
micro('LOAD_ZX16', `${ADDRESS_OF} ${read(2)} ${A} = v;`);
micro('LOAD_SX16', `${ADDRESS_OF} ${read(2)} ${A} = (v << 16) >> 16;`);
micro('MODIFY', `${ADDRESS_OF} ${readForWrite(4)} ${A} = v;`);
micro('MODIFY8', `${ADDRESS_OF} ${readForWrite(1)} ${A8} = v;`);
micro('MODIFY16', `${ADDRESS_OF} ${readForWrite(2)} ${A} = v;`);
micro('STORE', `${ADDRESS_OF} const v = ${A}; ${write(4, 'v')}`);
micro('STORE_B', `${ADDRESS_BASE} const v = ${A}; ${write(4, 'v')}`);
micro('STORE8', `${ADDRESS_OF} const v = ${A8}; ${write(1, 'v')}`);
micro('STORE16', `${ADDRESS_OF} const v = ${A}; ${write(2, 'v')}`);

// --- Segments that matter --------------------------------------------------------------------------------------------

/** A segment that reads and writes need not ask about but for its limit: present, writable, not expanding down. */
const OPEN = SEGMENT_PRESENT | APPLICATION | WRITABLE;
const OPEN_MASK = OPEN | CODE_SEGMENT | EXPAND_DOWN;
/** For a write; the bits below are the operand's size less one. */
export const SEGMENTED_WRITE = 8;

/** ADDRESS = linear address of `offset` in the segment whose cache `a` names, if the operand lies in it. */
const segmented = (offset: string): string => `
const off = ${offset}; const seg = code[p + 1];
i32[${ADDRESS}] = (i32[seg + 3] & ${OPEN_MASK}) === ${OPEN} && (off >>> 0) + (code[p + 6] & 7) <= i32[seg + 2] >>> 0
  ? (i32[seg + 1] + off) | 0
  : run.segmented(p, off);`;
/** SS.B: whether the stack pointer is ESP or SP. */
const STACK_MASK = `((i32[${SEGMENTS + SS * SEGMENT_WORDS + 3}] & ${BIG}) !== 0 ? -1 : 65535)`;
micro('SEGMENTED16', segmented('(i32[code[p + 2]] + i32[code[p + 3]] + code[p + 5]) & 65535'));
micro('SEGMENTED', segmented('(i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0'));
micro('SEGMENTED_STACK', segmented(`(i32[code[p + 2]] + code[p + 5]) & ${STACK_MASK}`));
micro(
  'SET_SP',
  `const mask = ${STACK_MASK}; i32[${ESP}] = (i32[${ESP}] & ~mask) | ((${B} + code[p + 5]) & mask);`,
);
/** EIP of what comes displacement bytes after the block's beginning, cut to the mask in `immediate`. */
micro('EIP', `${A} = (base + code[p + 5]) & ${IMM};`);
const CS_LIMIT = `i32[${SEGMENTS + CS * SEGMENT_WORDS + 2}]`;
micro('CHECK_EIP', `if (${A} >>> 0 > ${CS_LIMIT} >>> 0) run.beyondCode(p);`);
micro('CALLED', `i32[${CALLED}] = 1;`);

const push = (value: string): string =>
  `const v = ${value}; const lin = (i32[${ESP}] - 4) | 0; ${write(4, 'v')} i32[${ESP}] = lin;`;
const pop = `const lin = i32[${ESP}]; ${read(4)} i32[${ESP}] = (lin + 4) | 0;`;
micro('PUSH', push(A));
micro('PUSH_I', push(IMM));
micro('POP', `${pop} ${A} = v;`);
micro('LEAVE', `const lin = i32[${EBP}]; ${read(4)} i32[${ESP}] = (lin + 4) | 0; i32[${EBP}] = v;`);

// --- Arithmetic ----------------------------------------------------------------------------------------------------

const carry = `((i32[${FLAG_KIND}] & ${KIND_MASK}) === ${KIND_SUB} ? (i32[${FLAG_A}] >>> 0 < i32[${FLAG_B}] >>> 0 ? 1 : 0) : flags.cf())`;

interface Alu {
  readonly name: string;
  readonly result: string;
  readonly kind: number;
  readonly keeps?: boolean;
}
/** Operands of 8 and 16 bits: destination, source, and how a result at the top of a word goes back. */
const NARROW = [
  { bits: 8, a: A8, source: B8, store: (v: string) => `${A8} = ${v} >>> 24; ` },
  { bits: 16, a: A, source: B, store: (v: string) => `${A} = (${A} & -65536) | (${v} >>> 16); ` },
];
const ALU: readonly Alu[] = [
  { name: 'ADD', result: 'a + b', kind: KIND_ADD },
  { name: 'ADC', result: 'a + b + c', kind: KIND_ADD },
  { name: 'SUB', result: 'a - b', kind: KIND_SUB },
  { name: 'SBB', result: 'a - b - c', kind: KIND_SBB },
  { name: 'CMP', result: 'a - b', kind: KIND_SUB, keeps: true },
];
for (const { name, result, kind, keeps } of ALU) {
  const c = result.includes('c') ? `const c = ${carry}; ` : '';
  const body = (b: string) =>
    `${c}const a = ${A}; const b = ${b}; const v = (${result}) | 0; ${keeps ? '' : `${A} = v; `}${flags(kind, 'v', 'a', 'b')}`;
  micro(name, body(B));
  micro(`${name}_I`, body(IMM));
  // Narrow operands are worked at the top of the word, so that carries and signs are those of a word.
  for (const { bits, a, source, store } of NARROW) {
    const c = result.includes('c') ? `const c = ${carry} << ${32 - bits}; ` : '';
    const body = (b: string) =>
      `${c}const a = ${a} << ${32 - bits}; const b = ${b} << ${32 - bits}; const v = (${result}) | 0; ${keeps ? '' : store('v')}${flags(narrow(kind, bits), 'v', 'a', 'b')}`;
    micro(`${name}${bits}`, body(source));
    micro(`${name}${bits}_I`, body(IMM));
  }
}
for (const [name, operator] of [
  ['AND', '&'],
  ['OR', '|'],
  ['XOR', '^'],
  ['TEST', '&'],
]) {
  const body = (b: string) =>
    `const v = ${A} ${operator} ${b}; ${name === 'TEST' ? '' : `${A} = v; `}${logic('v')}`;
  micro(name, body(B));
  micro(`${name}_I`, body(IMM));
  for (const { bits, a, source, store } of NARROW) {
    const body = (b: string) =>
      `const v = (${a} ${operator} ${b}) << ${32 - bits}; ${name === 'TEST' ? '' : store('v')}${flags(narrow(KIND_SUB, bits), 'v', 'v', '0')}`;
    micro(`${name}${bits}`, body(source));
    micro(`${name}${bits}_I`, body(IMM));
  }
}
micro(
  'INC',
  `const c = ${carry}; const a = ${A}; const v = (a + 1) | 0; ${A} = v; ${flags(KIND_INC, 'v', 'a', 'c')}`,
);
micro(
  'DEC',
  `const c = ${carry}; const a = ${A}; const v = (a - 1) | 0; ${A} = v; ${flags(KIND_DEC, 'v', 'a', 'c')}`,
);
for (const { bits, a, store } of NARROW) {
  for (const [name, kind, by] of [
    ['INC', KIND_INC, '+'],
    ['DEC', KIND_DEC, '-'],
  ] as const) {
    micro(
      `${name}${bits}`,
      `const c = ${carry}; const a = ${a} << ${32 - bits}; const v = (a ${by} ${2 ** (32 - bits)}) | 0; ${store('v')}${flags(narrow(kind, bits), 'v', 'a', 'c')}`,
    );
  }
}
micro('NEG', `const a = ${A}; const v = -a | 0; ${A} = v; ${flags(KIND_SUB, 'v', '0', 'a')}`);
micro('NOT', `${A} = ~${A};`);
/** The product is exact as a float64 as far as it matters: a sum of bits beyond 2^53 cannot fit 32 bits. */
const imul = (a: string, b: string): string =>
  `const a = ${a}; const b = ${b}; const v = Math.imul(a, b); const o = a * b === v ? 0 : 1; ${A} = v; ${raw('v', 'o | adjust', 'o')}`;
micro('IMUL', imul(A, B));
micro('IMUL_I', imul(B, IMM));

/** Shifts by 1 to 31: `n` is the count, `a` the operand. */
const SHIFTS: Record<string, string> = {
  SHL: `const v = a << n; const c = (a >>> (32 - n)) & 1; ${A} = v; ${raw('v', 'c | (v & adjust)', '(v >>> 31) ^ c')}`,
  SHR: `const v = a >>> n; ${A} = v; ${raw('v', '((a >>> (n - 1)) & 1) | adjust', '((v >>> 31) ^ (v >>> 30)) & 1')}`,
  SAR: `const v = a >> n; ${A} = v; ${raw('v', '((a >> (n - 1)) & 1) | adjust', '0')}`,
};
for (const [name, body] of Object.entries(SHIFTS)) {
  micro(`${name}_I`, `const n = ${IMM}; const a = ${A}; ${body}`);
  micro(`${name}_CL`, `const n = i32[${ECX}] & 31; if (n !== 0) { const a = ${A}; ${body} }`);
}
/** SHL and SHR of 16 bits, by 1 to 15. */
micro(
  'SHL16_I',
  `const n = ${IMM}; const a = ${A}; const v = a << (16 + n); const c = (a >>> (16 - n)) & 1; ${A} = (a & -65536) | (v >>> 16); ${flags(narrow(KIND_RAW, 16), 'v', '(c | ((v >>> 16) & adjust))', '((v >>> 31) ^ c)')}`,
);
micro(
  'SHR16_I',
  `const n = ${IMM}; const a = ${A}; const v = (a & 65535) >>> n; ${A} = (a & -65536) | v; ${flags(narrow(KIND_RAW, 16), '(v << 16)', '(((a >>> (n - 1)) & 1) | adjust)', '(((v >>> 15) ^ (v >>> 14)) & 1)')}`,
);
/** Rotates keep the other flags, which must be worked out first. */
micro(
  'ROL_I',
  `const n = ${IMM}; const a = ${A}; const v = (a << n) | (a >>> (32 - n)); ${A} = v; run.rotated(v & ${CF}, (v ^ (v >>> 31)) & 1);`,
);
micro(
  'ROR_I',
  `const n = ${IMM}; const a = ${A}; const v = (a >>> n) | (a << (32 - n)); ${A} = v; run.rotated(v >>> 31, (v >>> 31) ^ ((v >>> 30) & 1));`,
);

// --- Conditions ----------------------------------------------------------------------------------------------------

/** A condition by comparing the operands of the last SUB, CMP or logical operation, or the long way. */
const compare = (code: number, test: string): string =>
  `((i32[${FLAG_KIND}] & ${KIND_MASK}) === ${KIND_SUB} ? ${test} : flags.condition(${code}))`;
const FA = `i32[${FLAG_A}]`;
const FB = `i32[${FLAG_B}]`;
const CONDITIONS: readonly string[] = [
  'flags.condition(0)',
  'flags.condition(1)',
  compare(2, `${FA} >>> 0 < ${FB} >>> 0`),
  compare(3, `${FA} >>> 0 >= ${FB} >>> 0`),
  `i32[${FLAG_RESULT}] === 0`,
  `i32[${FLAG_RESULT}] !== 0`,
  compare(6, `${FA} >>> 0 <= ${FB} >>> 0`),
  compare(7, `${FA} >>> 0 > ${FB} >>> 0`),
  compare(8, `i32[${FLAG_RESULT}] < 0`),
  compare(9, `i32[${FLAG_RESULT}] >= 0`),
  'flags.condition(10)',
  'flags.condition(11)',
  compare(12, `${FA} < ${FB}`),
  compare(13, `${FA} >= ${FB}`),
  compare(14, `${FA} <= ${FB}`),
  compare(15, `${FA} > ${FB}`),
];
micro('CMOV', `if (flags.condition(${IMM})) ${A} = ${B};`);
micro('SETCC', `${A8} = flags.condition(${IMM}) ? 1 : 0;`);

// --- Transfers -----------------------------------------------------------------------------------------------------

/** Every way into a block leaves these for whoever must know where execution stands (block-runner.ts). */
const ENTERED = `i32[${LEFT}] = left;
i32[${BLOCK_EIP}] = base;`;

/** Goes on at EIP `to`, by the link in word `link` if there is one. The place's index + 1 is the block's length. */
const goto = (to: string, link: number): string => `
left = (left - (code[p + 7] >>> 17) - 1) | 0;
base = (${to}) | 0;
{
  const linked = ${link ? `code[p + ${link}]` : '0'};
  if (linked !== 0 && code[linked - 8] <= left) p = linked;
  else {
    p = run.enter(base, left, ${link ? `p + ${link}` : '0'});
    if (p === 0) return;
  }
}
${ENTERED}
continue;`;

ending(
  'END',
  `
left = (left - (code[p + 7] >>> 17)) | 0;
base = (base + (code[p + 7] & 8191)) | 0;
p = run.enter(base, left, 0);
if (p === 0) return;
${ENTERED}
continue;`,
);
ending('COLD_END', 'run.coldEnd(p); return;');
// INVLPG and loads of CR3: the next instruction is fetched anew, and nothing else about how to go on has changed.
ending(
  'COLD_REFETCH',
  `
run.cold(p);
const place = code[p + 7];
left = (left - (place >>> 17) - 1) | 0;
base = (base + (place & 8191) + ((place >>> 13) & 15)) | 0;
p = run.enter(base, left, 0);
if (p === 0) return;
${ENTERED}
continue;`,
);
const refetching = (name: string, act: string): void =>
  ending(
    name,
    `
${act}
const place = code[p + 7];
left = (left - (place >>> 17) - 1) | 0;
base = (base + (place & 8191) + ((place >>> 13) & 15)) | 0;
p = run.refetch(base, left, p + 1);
if (p === 0) return;
${ENTERED}
continue;`,
  );
refetching('INVLPG', `${ADDRESS_OF} run.invlpg(p, lin);`);
refetching('LOAD_CR3', `run.loadDirectory(p, ${B} & ${~0xfe7});`);
ending('JMP', goto('base + code[p + 5]', 1));
ending('JMP_R', goto(B, 0));
CONDITIONS.forEach((condition, code) => {
  ending(
    `JCC${code}`,
    `
const taken = ${condition};
left = (left - (code[p + 7] >>> 17) - 1) | 0;
const link = taken ? p + 1 : p + 2;
base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
{
  const linked = code[link];
  if (linked !== 0 && code[linked - 8] <= left) p = linked;
  else {
    p = run.enter(base, left, link);
    if (p === 0) return;
  }
}
${ENTERED}
continue;`,
  );
});
ending(
  'CALL',
  `{ ${push('(base + code[p + 6]) | 0')} }
i32[${CALLED}] = 1;${goto('base + code[p + 5]', 1)}`,
);
ending(
  'CALL_R',
  `const target = ${B};
{ ${push('(base + code[p + 6]) | 0')} }
i32[${CALLED}] = 1;${goto('target', 0)}`,
);
ending(
  'RET',
  `const lin = i32[${ESP}]; ${read(4)} i32[${ESP}] = (lin + ${'code[p + 6]'}) | 0;${goto('v', 0)}`,
);

// Near transfers where the code segment matters: EIP is cut to a mask in `scale` when the jump is made, and must lie within the
// limit. A link is followed if nothing was cut and a block there (of MAX_BLOCK_BYTES at most) is within the limit whatever the
// segment's base is now.
const near = (name: string, prepare: string, taken: string, act = ''): void =>
  ending(
    name,
    `
${prepare}
const taken = ${taken};
const sum = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
const to = taken ? sum & code[p + 4] : sum;
const limit = ${CS_LIMIT} >>> 0;
if (taken && to >>> 0 > limit) run.beyondCode(p);
${act}
left = (left - (code[p + 7] >>> 17) - 1) | 0;
const link = taken ? p + 1 : p + 2;
const linked = to === sum && (to >>> 0) + ${MAX_BLOCK_BYTES} <= limit ? code[link] : 0;
base = to;
if (linked !== 0 && code[linked - 8] <= left) p = linked;
else {
  p = run.enter(base, left, to === sum ? link : 0);
  if (p === 0) return;
}
${ENTERED}
continue;`,
  );
near('JMP_NEAR', '', 'true');
near('JCC_NEAR', '', 'flags.condition(code[p + 3])');
// LOOP and its kind: the mask of CX or ECX in `x`.
const COUNTED = `const mask = code[p + 3]; const count = (i32[${ECX}] - 1) & mask;`;
const COUNT_DOWN = `i32[${ECX}] = (i32[${ECX}] & ~mask) | count;`;
near('LOOP', COUNTED, 'count !== 0', COUNT_DOWN);
near('LOOPE', COUNTED, `count !== 0 && i32[${FLAG_RESULT}] === 0`, COUNT_DOWN);
near('LOOPNE', COUNTED, `count !== 0 && i32[${FLAG_RESULT}] !== 0`, COUNT_DOWN);
near('JCXZ', '', `(i32[${ECX}] & code[p + 3]) === 0`);

export const TEMPLATES: readonly Template[] = templates;

import { FAST_PATH } from '../../layout.ts';
import {
  type Comparison,
  type Expression,
  type Field,
  HELPERS,
  type Helper,
  type HelperName,
  type Size,
  type Statement,
  type Transfer,
  type Truth,
} from '../blocks/meaning.ts';
import type { MicroOp } from '../blocks/micro-op-table.ts';
import * as micro from '../blocks/micro-ops.ts';
import {
  BLOCK_EIP,
  CS,
  FLAG_A,
  FLAG_B,
  FLAG_KIND,
  FLAG_RESULT,
  LEFT,
  SEGMENT_WORDS,
  SEGMENTS,
} from '../state.ts';

/**
 * The meaning of a micro-op as JavaScript, every offset written out as a number: V8 compiles a switch over literals to a jump
 * table and folds literal offsets into addresses, and does neither for imported constants.
 *
 * Names in scope of the text: `p` (index of the micro-op in `code`), `left` (instructions left in the run at the start of the
 * block), `base` (EIP of the block), `canRead` and `canWrite` (FAST_PATH bits at the current privilege), `adjust` and
 * `adjustLeft`, and the views.
 */

const { MAX_BLOCK_BYTES, WORDS } = micro;

const fieldText = (field: Field): string => `code[p + ${micro.FIELDS[field]}]`;
const PLACE = `code[p + ${micro.PLACE}]`;
/** Number of instructions before this one in its block. */
const INDEX = `${PLACE} >>> ${micro.INDEX_SHIFT}`;
const LINK_A = `p + ${micro.A}`;
const LINK_B = `p + ${micro.B}`;
const CS_LIMIT = `i32[${SEGMENTS + CS * SEGMENT_WORDS + 2}]`;

// --- Expressions -----------------------------------------------------------------------------------------------------

/** Text without parentheses around it. A sum may exceed 32 bits; its user or `wordText` truncates it. */
function sumText(of: Expression): string {
  switch (of.kind) {
    case 'constant':
      return String(of.value);
    case 'name':
      return of.name;
    case 'field':
      return fieldText(of.field);
    case 'word':
      return `i32[${sumText(of.at)}]`;
    case 'byte':
      return `u8[${sumText(of.at)}]`;
    case 'binary':
      return binaryText(of);
    case 'unary':
      return `${of.operator}${atom(of.operand)}`;
    case 'product':
      return `Math.imul(${sumText(of.left)}, ${sumText(of.right)})`;
    case 'choose':
      return `${truthAtom(of.test)} ? ${wordAtom(of.yes)} : ${wordAtom(of.no)}`;
    case 'call':
      return callText(of.helper, of.args);
  }
}

type Binary = Expression & { kind: 'binary' };
const isSum = (of: Expression): of is Binary =>
  of.kind === 'binary' && (of.operator === '+' || of.operator === '-');

/** A bitwise operator truncates its operands to 32 bits itself; a sum within a sum need not be truncated. */
function binaryText(of: Binary): string {
  const left = isSum(of) && isSum(of.left) ? sumText(of.left) : atom(of.left);
  return `${left} ${of.operator} ${atom(of.right)}`;
}

const SIMPLE: ReadonlySet<Expression['kind']> = new Set([
  'constant',
  'name',
  'field',
  'word',
  'byte',
  'call',
  'product',
]);
/** In parentheses if needed. */
const atom = (of: Expression): string =>
  SIMPLE.has(of.kind) || of.kind === 'unary' ? sumText(of) : `(${sumText(of)})`;

/** Truncated to 32 bits. */
const wordText = (of: Expression): string =>
  isSum(of) || (of.kind === 'unary' && of.operator === '-') ? `${atom(of)} | 0` : sumText(of);

/** Truncated to 32 bits, in parentheses if needed. */
const wordAtom = (of: Expression): string => (SIMPLE.has(of.kind) ? sumText(of) : `(${wordText(of)})`);

function callText(helper: HelperName, args: readonly Expression[]): string {
  const { of, anywhere }: Helper = HELPERS[helper];
  const all = [...(of === 'run' && !anywhere ? ['p'] : []), ...args.map(sumText)];
  return `${of}.${helper}(${all.join(', ')})`;
}

const UNSIGNED: Partial<Record<Comparison, string>> = { '<u': '<', '<=u': '<=', '>u': '>', '>=u': '>=' };

function truthText(of: Truth): string {
  switch (of.kind) {
    case 'always':
      return 'true';
    case 'asked':
      return callText(of.helper, of.args);
    case 'both':
      return `${truthAtom(of.left)} && ${truthAtom(of.right)}`;
    case 'either':
      return `${truthAtom(of.test)} ? ${truthAtom(of.yes)} : ${truthAtom(of.no)}`;
    case 'within':
      return `(${atom(of.word)} >>> 0) + ${atom(of.more)} <= ${atom(of.limit)} >>> 0`;
    case 'productIs':
      return `${atom(of.left)} * ${atom(of.right)} === ${atom(of.value)}`;
    case 'compare': {
      const unsigned = UNSIGNED[of.operator];
      if (unsigned) return `${atom(of.left)} >>> 0 ${unsigned} ${atom(of.right)} >>> 0`;
      return `${atom(of.left)} ${of.operator} ${atom(of.right)}`;
    }
  }
}
const truthAtom = (of: Truth): string =>
  of.kind === 'always' || of.kind === 'asked' ? truthText(of) : `(${truthText(of)})`;

// --- Statements ------------------------------------------------------------------------------------------------------

const VIEW_READ: Readonly<Record<Size, string>> = {
  1: 'u8[at]',
  2: 'view.getUint16(at, true)',
  4: 'view.getInt32(at, true)',
};
const viewWrite = (size: Size, value: string): string =>
  size === 1 ? `u8[at] = ${value}` : `view.setInt${size * 8}(at, ${value}, true)`;
const SLOT = `const slot = i32[${FAST_PATH >>> 2} + (lin >>> 12)];`;
const AT = 'const at = (slot & -4096) + (lin & 4095);';
const direct = (right: string, size: Size): string =>
  `(slot & ${right}) !== 0${size > 1 ? ` && (lin & 4095) <= ${4096 - size}` : ''}`;

const loadText = (size: Size, modify: boolean): string => `
${SLOT}
${AT}
const v = ${direct(modify ? 'canWrite' : 'canRead', size)} ? ${VIEW_READ[size]} : run.${modify ? 'readForWriteSlow' : 'readSlow'}(p, lin, ${size});`;

const storeText = (size: Size, value: string): string => `
${SLOT}
if (${direct('canWrite', size)}) {
  ${AT}
  ${viewWrite(size, value)};
} else run.writeSlow(p, lin, ${size}, ${value});`;

const statementsText = (all: readonly Statement[]): string => all.map(statementText).join(' ');

function statementText(of: Statement): string {
  switch (of.kind) {
    case 'let':
      return `const ${of.name} = ${wordText(of.value)};`;
    case 'set':
      return `${sumText(of.target)} = ${wordText(of.value)};`;
    case 'load':
      return loadText(of.size, of.modify);
    case 'store':
      return storeText(of.size, sumText(of.value));
    case 'flags':
      return (
        `i32[${FLAG_KIND}] = ${of.operation}; i32[${FLAG_RESULT}] = ${sumText(of.result)}; ` +
        `i32[${FLAG_A}] = ${sumText(of.a)}; i32[${FLAG_B}] = ${sumText(of.b)};`
      );
    case 'when':
      return `if (${truthText(of.test)}) { ${statementsText(of.then)} }`;
    case 'scope':
      return `{ ${statementsText(of.body)} }`;
    case 'perform':
      return `${callText(of.helper, of.args)};`;
  }
}

// --- Transfers -------------------------------------------------------------------------------------------------------

/**
 * Code for every entry into a block: stores the position for the slow paths (block-runner.ts), and counts the entry if there is a compiler.
 */
const ENTERED = `i32[${LEFT}] = left;
i32[${BLOCK_EIP}] = base;
if (counts && --code[p - ${WORDS - micro.HEAT}] < 0) {
  p = run.hot(p, left);
  if (p === 0) return;
  left = i32[${LEFT}];
  base = i32[${BLOCK_EIP}];
}
continue;`;

/** Follows the link, if the block there fits in the rest of the run. */
const followed = (otherwise: string): string => `
if (linked !== 0 && code[linked - ${WORDS}] <= left) p = linked;
else {
  p = ${otherwise};
  if (p === 0) return;
}`;

function transferText(of: Transfer): string {
  switch (of.kind) {
    case 'fall':
      return `
left = (left - (${INDEX})) | 0;
base = (base + (${PLACE} & ${micro.OFFSET_MASK})) | 0;
p = run.enter(base, left, 0);
if (p === 0) return;
${ENTERED}`;
    case 'leave':
      return 'return;';
    case 'refetch':
      return `
const place = ${PLACE};
left = (left - (place >>> ${micro.INDEX_SHIFT}) - 1) | 0;
base = (base + (place & ${micro.OFFSET_MASK}) + ((place >>> ${micro.LENGTH_SHIFT}) & ${micro.LENGTH_MASK})) | 0;
p = ${of.linked ? `run.refetch(base, left, ${LINK_A})` : 'run.enter(base, left, 0)'};
if (p === 0) return;
${ENTERED}`;
    case 'goto':
      return gotoText(sumText(of.to), of.linked);
    case 'branch':
      return branchText(truthText(of.taken));
    case 'near':
      return nearText(truthText(of.taken), statementsText(of.before));
  }
}

const gotoText = (to: string, linked: boolean): string => `
left = (left - (${INDEX}) - 1) | 0;
base = (${to}) | 0;
{
  const linked = ${linked ? `code[${LINK_A}]` : '0'};${followed(`run.enter(base, left, ${linked ? LINK_A : '0'})`)}
}
${ENTERED}`;

const branchText = (taken: string): string => `
const taken = ${taken};
left = (left - (${INDEX}) - 1) | 0;
const link = taken ? ${LINK_A} : ${LINK_B};
base = (base + (taken ? ${fieldText('displacement')} : ${fieldText('immediate')})) | 0;
{
  const linked = code[link];${followed('run.enter(base, left, link)')}
}
${ENTERED}`;

/**
 * A link is followed if nothing was truncated and the block there (at most MAX_BLOCK_BYTES) is within the segment's limit.
 */
const nearText = (taken: string, before: string): string => `
const taken = ${taken};
const sum = (base + (taken ? ${fieldText('displacement')} : ${fieldText('immediate')})) | 0;
const to = taken ? sum & ${fieldText('scale')} : sum;
const limit = ${CS_LIMIT} >>> 0;
if (taken && to >>> 0 > limit) run.beyondCode(p);
${before}
left = (left - (${INDEX}) - 1) | 0;
const link = taken ? ${LINK_A} : ${LINK_B};
const linked = to === sum && (to >>> 0) + ${MAX_BLOCK_BYTES} <= limit ? code[link] : 0;
base = to;${followed('run.enter(base, left, to === sum ? link : 0)')}
${ENTERED}`;

/** The body of a micro-op's case in the interpreter's switch. */
export const caseText = ({ meaning, transfer }: MicroOp): string =>
  [...meaning.map(statementText), transfer ? transferText(transfer) : `p += ${WORDS}; continue;`].join('\n');

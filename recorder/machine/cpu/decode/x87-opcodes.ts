/**
 * The rows of D8 to DF for the opcode table (80387 Programmer's Reference, appendix A; SDM volume 2, A.5): for each byte
 * 72 of them, eight by ModRM.reg for a memory operand, then one for each of the ModRM bytes C0 to FF. What a size letter
 * means of a memory operand, real or integer, is in the mnemonic: those of integers begin with FI.
 */

const RESERVED = 'fpreserved';

/** One text for each ModRM.rm, or eight. */
const registers = (rows: readonly (string | readonly string[])[]): readonly string[] =>
  rows.flatMap((row) => (typeof row === 'string' ? Array<string>(8).fill(row) : [...row]));

const rowsOf = (
  memory: readonly string[],
  rows: readonly (string | readonly string[])[],
): readonly string[] => [...memory, ...registers(rows)];

const only = (first: string): readonly string[] => [first, ...Array<string>(7).fill(RESERVED)];

const ARITHMETIC = 'fadd fmul fcom fcomp fsub fsubr fdiv fdivr'.split(' ');
const real = (size: string) => ARITHMETIC.map((name) => `${name} M${size}`);
const integer = (size: string) => ARITHMETIC.map((name) => `fi${name.slice(1)} M${size}`);

export const ESCAPES: readonly (readonly string[])[] = [
  rowsOf(
    real('d'),
    ARITHMETIC.map((name) => (name.startsWith('fcom') ? `${name} STi` : `${name} ST,STi`)),
  ),
  rowsOf(
    ['fld Md', RESERVED, 'fst Md', 'fstp Md', 'fldenv Mn', 'fldcw Mw', 'fnstenv Mn', 'fnstcw Mw'],
    [
      'fld STi',
      'fxch STi',
      only('fnop'),
      'fstp1 STi',
      ['fchs', 'fabs', RESERVED, RESERVED, 'ftst', 'fxam', RESERVED, RESERVED],
      ['fld1', 'fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2', 'fldz', RESERVED],
      ['f2xm1', 'fyl2x', 'fptan', 'fpatan', 'fxtract', 'fprem1', 'fdecstp', 'fincstp'],
      ['fprem', 'fyl2xp1', 'fsqrt', 'fsincos', 'frndint', 'fscale', 'fsin', 'fcos'],
    ],
  ),
  rowsOf(integer('d'), [
    'fcmovb ST,STi',
    'fcmove ST,STi',
    'fcmovbe ST,STi',
    'fcmovu ST,STi',
    RESERVED,
    [RESERVED, 'fucompp', ...Array<string>(6).fill(RESERVED)],
    RESERVED,
    RESERVED,
  ]),
  rowsOf(
    ['fild Md', RESERVED, 'fist Md', 'fistp Md', RESERVED, 'fld Mx', RESERVED, 'fstp Mx'],
    [
      'fcmovnb ST,STi',
      'fcmovne ST,STi',
      'fcmovnbe ST,STi',
      'fcmovnu ST,STi',
      ['fneni', 'fndisi', 'fnclex', 'fninit', 'fnsetpm', RESERVED, RESERVED, RESERVED],
      'fucomi ST,STi',
      'fcomi ST,STi',
      RESERVED,
    ],
  ),
  rowsOf(real('q'), [
    'fadd STi,ST',
    'fmul STi,ST',
    'fcom2 STi',
    'fcomp3 STi',
    'fsubr STi,ST',
    'fsub STi,ST',
    'fdivr STi,ST',
    'fdiv STi,ST',
  ]),
  rowsOf(
    ['fld Mq', RESERVED, 'fst Mq', 'fstp Mq', 'frstor Mn', RESERVED, 'fnsave Mn', 'fnstsw Mw'],
    ['ffree STi', 'fxch4 STi', 'fst STi', 'fstp STi', 'fucom STi', 'fucomp STi', RESERVED, RESERVED],
  ),
  rowsOf(integer('w'), [
    'faddp STi,ST',
    'fmulp STi,ST',
    'fcomp5 STi',
    [RESERVED, 'fcompp', ...Array<string>(6).fill(RESERVED)],
    'fsubrp STi,ST',
    'fsubp STi,ST',
    'fdivrp STi,ST',
    'fdivp STi,ST',
  ]),
  rowsOf(
    ['fild Mw', RESERVED, 'fist Mw', 'fistp Mw', 'fbld Mx', 'fild Mq', 'fbstp Mx', 'fistp Mq'],
    [
      'ffreep STi',
      'fxch7 STi',
      'fstp8 STi',
      'fstp9 STi',
      ['fnstsw AX', ...Array<string>(7).fill(RESERVED)],
      'fucomip ST,STi',
      'fcomip ST,STi',
      RESERVED,
    ],
  ),
];

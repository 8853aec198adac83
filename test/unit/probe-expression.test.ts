import { expect, it } from 'vitest';
import { BadInput } from '../../schemas/bad-input.ts';
import {
  compileExpression,
  type ExpressionContext,
  expressionText,
  MAX_EXPRESSION,
  parseExpression,
} from '../../schemas/probe-expression.ts';

/** Memory in which each byte is the low byte of its address, up to 1000h. */
const context: ExpressionContext = {
  register: (name) => ({ eax: 7, esp: 0x100, ecx: -1 })[name as string] ?? 0,
  load: (address, bytes) => {
    if (address + bytes > 0x1000) return undefined;
    return Array.from({ length: bytes }, (_, n) => (address + n) & 255).reduceRight(
      (sum, byte) => sum * 256 + byte,
      0,
    );
  },
};
const value = (text: string) => compileExpression(parseExpression(text))(context);

it.each<[string, number | undefined]>([
  ['eax', 7],
  ['0x10', 16],
  ['eax + 2*3', 13],
  ['(eax+2)*3', 27],
  ['10-3-2', 5],
  ['1|6&4', 5],
  ['1<<4>>2', 4],
  ['1<<32', 0],
  ['5^1', 4],
  ['-1', 0xffffffff],
  ['~0', 0xffffffff],
  ['0-1', 0xffffffff],
  ['0xffffffff*0xffffffff', 1],
  ['ecx', 0xffffffff],
  ['u8(esp+4)', 4],
  ['u16(esp+4)', 0x0504],
  ['u32(esp+4)', 0x07060504],
  ['u32(u8(esp+8)+0x200)', 0x0b0a0908],
  ['u32(0x2000)', undefined],
  ['u32(0x2000)+1', undefined],
  ['u8', undefined],
])('%s is %s', (text, expected) => {
  if (text === 'u8') expect(() => value(text)).toThrow('u8: not a register');
  else expect(value(text)).toBe(expected);
});

it.each(['eax+2*3', '(eax+2)*3', '10-(3-2)', '-(u32(esp+4))', '~eax&15', 'u8(u16(esp)<<1)'])(
  '%s is the same from its text',
  (text) => {
    const again = expressionText(parseExpression(text));
    expect(value(again)).toBe(value(text));
    expect(expressionText(parseExpression(again))).toBe(again);
  },
);

it.each<[string, string]>([
  ['', 'it ends too early'],
  ['eax+', 'it ends too early'],
  ['(eax', 'it ends too early'],
  ['eax)', ') instead of something else'],
  ['eax ebx', 'ebx instead of something else'],
  ['eax/2', 'unexpected "/"'],
  ['0x100000000', '0x100000000 has more than 32 bits'],
  ['a[1', 'it ends too early'],
  ['a->5', '5 instead of something else'],
  ["'; DROP TABLE", `unexpected "'"`],
  ['('.repeat(100), 'nested too deeply'],
  ['-'.repeat(100), 'nested too deeply'],
  [`a${'[0]'.repeat(100)}`, 'nested too deeply'],
  ['1+'.repeat(MAX_EXPRESSION), 'longer than 512 characters'],
])('%s is no expression', (text, what) => {
  expect(() => parseExpression(text)).toThrow(BadInput);
  expect(() => parseExpression(text)).toThrow(what);
});

it('takes an expression of many operators without recursion that grows with it', () => {
  expect(value(`0${'+1'.repeat(200)}`)).toBe(200);
});

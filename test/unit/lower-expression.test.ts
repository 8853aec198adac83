import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DebugInfo } from '../../replayer/dwarf/debug-info.ts';
import { lowerExpression, parametersAt } from '../../replayer/dwarf/lower.ts';
import { elfSections } from '../../replayer/dwarf/sections.ts';
import { readElf } from '../../schemas/guest/elf.ts';
import { expressionText, parseExpression } from '../../schemas/probe-expression.ts';

/** Names in expressions of probes, by the DWARF of the built-in kernel. */

const images = join(import.meta.dirname, '../../recorder/guest/images');
const info = new DebugInfo(elfSections(readFileSync(join(images, 'kernel.debug'))));
const { symbols } = readElf(readFileSync(join(images, 'kernel.elf')), 'kernel');
const symbol = (name: string) => symbols.find((one) => one.name.raw === name)?.address;
const ENTER = symbol('pmap_enter') as number;

const lowered = (text: string, pc = ENTER, atEntry = true) =>
  expressionText(lowerExpression(parseExpression(text), { info, pc, atEntry, symbol }));

it('finds the parameters of a function', () => {
  expect(parametersAt(info, ENTER)).toEqual(['pmap', 'va', 'pa', 'prot', 'wired']);
  expect(parametersAt(info, ENTER + 1)).toBeUndefined();
});

describe('at the start of a function', () => {
  it.each([
    ['pmap', 'u32((esp+4))'],
    ['va', 'u32((esp+8))'],
    ['arg1', 'u32((esp+8))'],
    ['*(pmap+8)', 'u32((u32((esp+4))+8))'],
    ['u8(va)&1', '(u8(u32((esp+8)))&1)'],
    ['pmap->pm_pdir', expect.stringMatching(/^u32\(\(?u32\(\(esp\+4\)\)(\+\w+\))?\)$/)],
    ['pmap->pm_pdir[2]', expect.stringMatching(/^u32\(\(u32\(\(?u32\(\(esp\+4\)\)(\+\w+\))?\)\+8\)\)$/)],
    ['eax', 'eax'],
    ['&curproc', `0x${symbol('curproc')?.toString(16)}`],
    ['curproc', `u32(0x${symbol('curproc')?.toString(16)})`],
  ])('%s', (text, expected) => {
    expect(lowered(text)).toEqual(expected);
  });

  it.each([
    ['vaa', 'vaa: no such name in scope (did you mean va?)'],
    ['pmap->pm_pdirr', 'has no member pm_pdirr (did you mean pm_pdir?)'],
    ['va->x', 'x: member access on a value whose type is not a structure'],
    ['&eax', 'the operand of & has no address in memory'],
  ])('%s means nothing', (text, what) => {
    expect(() => lowered(text)).toThrow(what);
  });
});

it('without DWARF has arguments by number and symbols', () => {
  const bare = { info: new DebugInfo(new Map()), pc: ENTER, atEntry: true, symbol };
  const text = (of: string) => expressionText(lowerExpression(parseExpression(of), bare));
  expect(text('arg3')).toBe('u32((esp+0x10))');
  expect(text('curproc')).toBe(`u32(0x${symbol('curproc')?.toString(16)})`);
  expect(() => text('va')).toThrow('va: no such name in scope');
});

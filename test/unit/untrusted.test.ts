import { expect, it } from 'vitest';
import { shellWord } from '../../analysis/cli/terminal/format.ts';
import {
  printable,
  printableBlock,
  printableJson,
  printableLine,
  printableTexts,
  untrusted,
} from '../../schemas/untrusted.ts';

/** Text from files and guests on its way to people. */

it('shows each control character, C1 too, as its byte', () => {
  for (let code = 0; code < 0x20; code++)
    expect(printable(`a${String.fromCharCode(code)}b`)).toBe(`a\\x${code.toString(16).padStart(2, '0')}b`);
  for (let code = 0x7f; code < 0xa0; code++)
    expect(printable(String.fromCharCode(code))).toBe(`\\x${code.toString(16)}`);
});

it('shows marks of direction, zero-width and other characters without a glyph by their code', () => {
  for (const code of [
    0x061c, 0x180e, 0x200b, 0x200d, 0x200e, 0x202e, 0x2028, 0x2066, 0x2069, 0xfeff, 0xfe0f, 0xe0041,
  ])
    expect(printable(String.fromCodePoint(code))).toBe(`\\u{${code.toString(16)}}`);
  expect(printable('\ud800')).toBe('\\u{d800}');
});

it('leaves text alone, of any script', () => {
  for (const text of ['plain ~', 'naïve', 'ядро', '内核', '🙂', '┌─┐', 'C:\\DOS'])
    expect(printable(text)).toBe(text);
});

it('keeps newlines and tabs of a block alone', () => {
  expect(printableBlock('a\n\tb\r\x1b[2J')).toBe('a\n\tb\\x0d\\x1b[2J');
});

it('is what an untrusted text shows in a template, and JSON has it exactly', () => {
  const name = untrusted('\x1b]0;title\x07\n');
  expect(`${name}`).toBe('\\x1b]0;title\\x07\\x0a');
  expect(JSON.parse(printableJson({ name }))).toEqual({ name: name.raw });
});

it('makes JSON that can be shown, and read back', () => {
  const nasty = { a: '\x7f\x9b2J\u202e\u{e0041}##[error]x', b: ['\x1b', 1] };
  const text = printableJson(nasty, 2);
  expect(text).not.toMatch(/[\x7f-\x9f\u202e]|##\[/);
  expect(JSON.parse(text)).toEqual(nasty);
});

it('lets no line be a command to the server that keeps a log', () => {
  expect(printableLine('::error::x')).toBe('\\x3a:error::x');
  expect(printableLine('  ::set-output name=a::b')).toBe('  \\x3a:set-output name=a::b');
  expect(printableLine('name ##[add-mask]x ##vso[task.x]')).toBe('name #\\x23[add-mask]x #\\x23vso[task.x]');
  expect(printableLine('C++::name ## title')).toBe('C++::name ## title');
});

it('reaches every text of a message but those that must be exact', () => {
  const message = { name: '\x1b', list: [{ path: '\x1b', value: untrusted('\x07') }], n: 1, no: undefined };
  expect(printableTexts(message, new Set(['path']))).toEqual({
    name: '\\x1b',
    list: [{ path: '\x1b', value: '\\x07' }],
    n: 1,
    no: undefined,
  });
});

it('quotes a file name with control characters as shells read it', () => {
  expect(shellWord('a b')).toBe("'a b'");
  expect(shellWord("\x1b[2J it's\\\n")).toBe("$'\\U0000001b[2J it\\'s\\\\\\U0000000a'");
});

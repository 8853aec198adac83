import { describe, expect, it } from 'vitest';
import { parseProfile, resolveProfile } from '../../recorder/capture/profile.ts';
import { decodeHeader, encodeHeader } from '../../schemas/trace/header.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { anyHeader } from './trace-fixture.ts';

/** Windows of a guest profile, as written and as the machine takes them. */

const symbols = new Map([
  ['current', 0xc0123450],
  ['kmap_base', 0xfe000000],
]);

function resolved(windows: unknown, more: object = {}) {
  const text = JSON.stringify({ name: 'mine', ...more, windows });
  return resolveProfile(parseProfile(text, 'mine.json'), (name) => symbols.get(name), 'mine.json').windows;
}

it('are given by address, symbol, slot, fixmap indices, register and word', () => {
  expect(
    resolved([
      { name: 'kmap', linear: '0xe0000000' },
      { name: 'two', linear: 'kmap_base+0x1000', pages: 2 },
      { name: 'number', linear: 4096 },
      { name: 'apt', slot: 1022 },
      { name: 'kmap_atomic', fixmap: [3, 10] },
      { name: 'old', fixmap: [0, 0], top: '0xffffe000' },
      { name: 'cr3', register: 'cr3' },
      { name: 'current', word: 'current+4' },
    ]),
  ).toEqual([
    { name: 'kmap', kind: 'pages', linear: 0xe0000000, pages: 1 },
    { name: 'two', kind: 'pages', linear: 0xfe001000, pages: 2 },
    { name: 'number', kind: 'pages', linear: 4096, pages: 1 },
    { name: 'apt', kind: 'slot', linear: 0xff800000, pages: 0 },
    // FIXADDR_TOP - (index << PAGE_SHIFT), include/asm-i386/fixmap.h of Linux 2.6.
    { name: 'kmap_atomic', kind: 'pages', linear: 0xffff5000, pages: 8 },
    { name: 'old', kind: 'pages', linear: 0xffffe000, pages: 1 },
    { name: 'cr3', kind: 'cr3', linear: 0, pages: 0 },
    { name: 'current', kind: 'word', linear: 0xc0123454, pages: 0 },
  ]);
  expect(resolved([])).toEqual([]);
});

describe('are refused in one line', () => {
  it.each<[string, unknown, RegExp]>([
    ['no list', {}, /^mine\.json: "windows" is not a list/],
    ['no object', [3], /windows\[0\] is not an object/],
    ['a name with a space', [{ name: 'a b', slot: 1 }], /"name" is not 1 to 32 letters/],
    ['no name', [{ slot: 1 }], /"name" is not/],
    ['the name of the alternate map', [{ name: 'alternate', slot: 1 }], /the name "alternate" is taken/],
    [
      'a name twice',
      [
        { name: 'a', slot: 1 },
        { name: 'a', slot: 2 },
      ],
      /windows\[1\]: the name "a" is taken/,
    ],
    ['an unknown field', [{ name: 'a', linaer: 0 }], /unknown field "linaer".*linear/],
    ['nothing to watch', [{ name: 'a' }], /needs one of linear, slot, fixmap, register, word/],
    ['two things', [{ name: 'a', slot: 1, word: 4 }], /needs one of/],
    ['pages of a slot', [{ name: 'a', slot: 1, pages: 2 }], /"pages" does not go with "slot"/],
    ['a slot beyond the last', [{ name: 'a', slot: 1024 }], /not a PDE slot/],
    ['too many pages', [{ name: 'a', linear: 0, pages: 1025 }], /"pages" is not 1 to 1024/],
    ['another register', [{ name: 'a', register: 'cr0' }], /neither cr3 nor cr4/],
    ['fixmap slots backwards', [{ name: 'a', fixmap: [4, 3] }], /"fixmap" is not the first and last/],
    ['an unknown symbol', [{ name: 'a', linear: 'kmpa' }], /no symbol "kmpa"/],
    [
      'an address inside a page',
      [{ name: 'a', linear: 0x1004 }],
      /4196 is not a linear|4100 is not a linear address on a 4096-byte/,
    ],
    ['a word across words', [{ name: 'a', word: 2 }], /not a linear address on a 4-byte boundary/],
    ['pages beyond 4 GB', [{ name: 'a', linear: '0xfffff000', pages: 2 }], /beyond the 4 GB/],
    ['more than 64', Array.from({ length: 65 }, (_, n) => ({ name: `w${n}`, slot: n })), /64 at most/],
    [
      'one over another',
      [
        { name: 'a', slot: 896 },
        { name: 'b', linear: '0xe0001000' },
      ],
      /window "b" overlaps window "a"/,
    ],
    [
      'one register twice',
      [
        { name: 'a', register: 'cr4' },
        { name: 'b', register: 'cr4' },
      ],
      /overlaps window "a"/,
    ],
  ])('%s', (_, windows, message) => {
    expect(() => resolved(windows)).toThrow(message);
  });

  it('over the maps of page tables', () => {
    const slots = { recursiveSlot: 959, alternateSlot: 1023 };
    expect(() => resolved([{ name: 'a', linear: '0xffc00000' }], slots)).toThrow(
      /overlaps the alternate map/,
    );
    expect(() => resolved([{ name: 'a', slot: 959 }], slots)).toThrow(/overlaps the recursive map/);
  });
});

describe('in the header of a trace', () => {
  const header = (windows: object[]) => {
    const any = anyHeader();
    const named = windows.map((window) => ({
      ...{ name: 'kmap', kind: 'pages', linear: 0xe0000000, pages: 1 },
      ...window,
    }));
    const made = named.map((window) => ({ ...window, name: untrusted(window.name) }));
    return { ...any, profile: { ...any.profile, windows: made } } as ReturnType<typeof anyHeader>;
  };

  it('come back as they were written, and none where there were none', () => {
    const made = header([{}, { name: 'cr4', kind: 'cr4', linear: 0, pages: 0 }]);
    expect(decodeHeader(encodeHeader(made)).profile).toEqual(made.profile);
    expect(decodeHeader(encodeHeader(anyHeader())).profile).not.toHaveProperty('windows');
  });

  it.each<[string, object, RegExp]>([
    ['a name that is none', { name: '\u001b[2J' }, /profile\.windows\.name/],
    ['pages without end', { pages: 5000 }, /profile\.windows\.pages/],
    ['pages beyond 4 GB', { linear: 0xfffff000, pages: 2 }, /profile\.windows\.linear/],
    ['an address inside a page', { linear: 0xe0000010 }, /multiple of 4096/],
  ])('from a stranger are bounded: %s', (_, window, message) => {
    expect(() => decodeHeader(encodeHeader(header([window])))).toThrow(message);
  });

  it('from a stranger are not without number', () => {
    expect(() => decodeHeader(encodeHeader(header(Array.from({ length: 65 }, () => ({})))))).toThrow(/64/);
  });
});

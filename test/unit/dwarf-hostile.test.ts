import { describe, expect, it } from 'vitest';
import { builtinDebugFile, builtinKernel } from '../../analysis/cli/options/builtin-guest.ts';
import { CallFrames } from '../../replayer/dwarf/call-frames.ts';
import { DebugInfo } from '../../replayer/dwarf/debug-info.ts';
import { AT, TAG } from '../../replayer/dwarf/entries.ts';
import { locate } from '../../replayer/dwarf/expressions.ts';
import { LineTable } from '../../replayer/dwarf/line-table.ts';
import { elfSections } from '../../replayer/dwarf/sections.ts';
import { typeOf } from '../../replayer/dwarf/types.ts';
import { askAll, spoiltSections } from '../fuzz/dwarf.ts';
import { random } from './trace-fixture.ts';

/**
 * Debug information that was made to take all memory, or forever. Each of these took gigabytes or minutes; what is asserted is
 * what is said instead, and the time limit of a test is the bound.
 */

const u16 = (n: number) => [n & 255, (n >>> 8) & 255];
const u32 = (n: number) => [...u16(n), ...u16(n >>> 16)];
const uleb = (n: number): number[] => (n < 128 ? [n] : [(n % 128) | 128, ...uleb(Math.floor(n / 128))]);
const text = (s: string) => [...Buffer.from(s), 0];
const repeat = (count: number, ...bytes: number[]) => Array.from({ length: count }, () => bytes).flat();

describe('a line table', () => {
  /** Of version 5. */
  const table = (
    tables: readonly number[],
    { lineRange = 14, opcodeBase = 13, program = [] as readonly number[] } = {},
  ) => {
    const standard = opcodeBase > 0 ? Array.from({ length: opcodeBase - 1 }, () => 0) : [];
    const header = [1, 1, 1, 0xfb, lineRange, opcodeBase, ...standard, ...tables];
    const body = [...u16(5), 4, 0, ...u32(header.length), ...header, ...program];
    return Uint8Array.from([...u32(body.length), ...body]);
  };
  const names = [1, 1, 8, 1, ...text('src'), 1, 1, 8, 2, ...text('a.c'), ...text('b.c')];
  const program = [0, 5, 2, ...u32(0x1000), 1, 20, 30, 0, 1, 1];
  const read = (bytes: Uint8Array) => new LineTable(new Map([['.debug_line', bytes]]));

  it('has the lines that it says, in a form that is right', () => {
    expect(read(table(names, { program })).at(0x1000)).toEqual({ file: 'src/b.c', line: 3 });
  });

  it.each([
    ['4 billion directories in no format', table([0, ...uleb(2 ** 32 - 2), ...repeat(60, 0)])],
    ['4 billion directories of a byte', table([1, 1, 0x0b, ...uleb(2 ** 32 - 2), ...repeat(60, 0)])],
    ['files in no format', table([0, 0, 0, ...uleb(1e9)])],
    ['a count without end', table([0, ...repeat(40, 0xff)])],
    ['no lines in its range', table(names, { lineRange: 0, program })],
    ['no opcodes', table(names, { opcodeBase: 0, program })],
    ['a name that is longer than all', table([1, 1, 9, 1, ...uleb(2 ** 40), 0])],
  ])('is none with %s, and the next unit is read', (_, bytes) => {
    expect(read(bytes).files()).toEqual([]);
    const both = read(Uint8Array.from([...bytes, ...table(names, { program })]));
    expect(both.at(0x1000)).toEqual({ file: 'src/b.c', line: 3 });
  });

  it('keeps few bytes a row', () => {
    const rows = table(names, { program: [0, 5, 2, ...u32(0x1000), ...repeat(1_000_000, 31)] });
    const before = process.memoryUsage().arrayBuffers;
    expect(read(rows).at(0x1001)?.file).toBe('src/b.c');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  });
});

describe('.debug_info', () => {
  const unit = (entries: readonly number[], abbreviationsAt = 0) => {
    const body = [...u16(4), ...u32(abbreviationsAt), 4, ...entries];
    return [...u32(body.length), ...body];
  };
  const info = (
    bytes: readonly number[],
    abbreviations: readonly number[],
    more: Record<string, readonly number[]> = {},
  ) =>
    new DebugInfo(
      new Map(
        Object.entries({ '.debug_info': bytes, '.debug_abbrev': abbreviations, ...more }).map(
          ([name, section]) => [name, Uint8Array.from(section)],
        ),
      ),
    );
  const CODE = [AT.lowPc, 1, AT.highPc, 6];
  const code = (start: number, length: number) => [...u32(start), ...u32(length)];
  const abbreviation = (number: number, tag: number, children: boolean, ...attributes: number[]) => [
    ...uleb(number),
    ...uleb(tag),
    children ? 1 : 0,
    ...attributes.flatMap(uleb),
    0,
    0,
  ];

  it('has the function and variable that it says, in a form that is right', () => {
    const abbreviations = [
      ...abbreviation(1, TAG.compileUnit, true, ...CODE),
      ...abbreviation(2, TAG.subprogram, true, AT.name, 8, ...CODE),
      ...abbreviation(3, TAG.variable, false, AT.name, 8),
      0,
    ];
    const entries = [1, ...code(0x1000, 64), 2, ...text('main'), ...code(0x1000, 64), 3, ...text('x'), 0, 0];
    const [scope] = info(unit(entries), abbreviations).scopesAt(0x1010);
    expect([scope.functionName, scope.variables.map(({ name }) => name)]).toEqual(['main', ['x']]);
  });

  it('with millions of entries of a byte is not understood', () => {
    const abbreviations = [
      ...abbreviation(1, TAG.compileUnit, true, ...CODE),
      ...abbreviation(
        2,
        TAG.variable,
        false,
        ...Array.from({ length: 200 }, (_, n) => [n + 0x100, 0x19]).flat(),
      ),
      0,
    ];
    const found = info(unit([1, ...code(0x1000, 64), ...repeat(500_000, 2)]), abbreviations);
    expect(found.scopesAt(0x1010)).toEqual([]);
    expect(found.global('x', 0x1010)).toBeUndefined();
  });

  it('with units that all read one long table of abbreviations is not understood', () => {
    const long = Array.from({ length: 30_000 }, (_, n) =>
      abbreviation(n + 1, TAG.variable, false, AT.name, 8),
    ).flat();
    const units = Array.from({ length: 5_000 }, (_, n) => unit([...uleb(1), ...text('x')], 7 * n)).flat();
    expect(info(units, [...long, 0]).scopesAt(0x1010)).toEqual([]);
  });

  it('with units that all have one long list of ranges is not understood', () => {
    const abbreviations = [...abbreviation(1, TAG.compileUnit, false, AT.ranges, 0x17), 0];
    const units = repeat(20_000, ...unit([1, ...u32(0)]));
    const ranges = repeat(20_000, ...u32(1), ...u32(2));
    expect(info(units, abbreviations, { '.debug_ranges': ranges }).scopesAt(0x1010)).toEqual([]);
  });

  it('with entries in each other without end has a few of them', () => {
    const abbreviations = [
      ...abbreviation(1, TAG.compileUnit, true, ...CODE),
      ...abbreviation(2, TAG.subprogram, true, ...CODE),
      ...abbreviation(3, TAG.inlinedSubroutine, true, ...CODE),
      0,
    ];
    const inner = repeat(50_000, 3, ...code(0x1000, 64));
    const entries = [1, ...code(0x1000, 64), 2, ...code(0x1000, 64), ...inner];
    expect(info(unit(entries), abbreviations).scopesAt(0x1010).length).toBeLessThan(100);
  });

  it.each([
    ['indirect forms in each other', [1, ...repeat(100_000, 0x16)], [AT.name, 0x16]],
    ['a block that is longer than all', [1, ...u32(0xffffffff)], [AT.location, 0x04]],
    ['a number without end', [1, ...repeat(100, 0xff)], [AT.byteSize, 0x0f]],
    ['an unknown form', [1, 0], [AT.name, 0x7f]],
  ])('with %s is not understood', (_, entries, attributes) => {
    const abbreviations = [...abbreviation(1, TAG.compileUnit, true, ...attributes), 0];
    expect(info(unit(entries), abbreviations).scopesAt(0)).toEqual([]);
  });

  it('with types of themselves, and sizes that nothing has, has types', () => {
    const abbreviations = [
      ...abbreviation(1, TAG.compileUnit, true),
      ...abbreviation(2, TAG.variable, false, AT.name, 8, AT.type, 0x13, AT.location, 0x18),
      ...abbreviation(3, TAG.typedef, false, AT.type, 0x13),
      ...abbreviation(4, TAG.arrayType, true, AT.type, 0x13),
      ...abbreviation(5, TAG.subrangeType, false, AT.count, 0x0f),
      ...abbreviation(6, TAG.baseType, false, AT.byteSize, 0x0f),
      0,
    ];
    const loop = [2, ...text('loop'), ...u32(22), 0];
    const start = 12;
    const typedefAt = start + loop.length;
    loop.splice(6, 4, ...u32(typedefAt));
    const typedef = [3, ...u32(typedefAt)];
    const arrayAt = typedefAt + typedef.length;
    const array = [4, ...u32(arrayAt + 10_000), ...repeat(10_000 - 5, 5, 1).slice(0, 9_994), 0];
    const base = [6, ...uleb(2 ** 50)];
    const big = [2, ...text('big'), ...u32(arrayAt), 0];
    const found = info(unit([1, ...loop, ...typedef, ...array, ...base, ...big, 0]), abbreviations);
    const type = (name: string) => {
      const die = found.global(name, 0);
      return die && typeOf(die);
    };
    expect(type('loop')).toMatchObject({ kind: 'other', bytes: 0 });
    expect(type('big')?.name.length).toBeLessThan(200);
    expect(type('big')).toMatchObject({ kind: 'array', bytes: 0 });
  });
});

describe('call frame information', () => {
  const section = (program: readonly number[]) => {
    const common = [...u32(0xffffffff), 1, 0, 1, 1, 8];
    const entry = [...u32(0), ...u32(0x1000), ...u32(0x100), ...program];
    return Uint8Array.from([...u32(common.length), ...common, ...u32(entry.length), ...entry]);
  };
  const cfa = (bytes: Uint8Array) =>
    new CallFrames(new Map([['.debug_frame', bytes]])).cfa([0, 0, 0, 0, 0xf00, 0, 0, 0, 0x1010]);

  it('says where the frame is, in a form that is right', () => {
    expect(cfa(section([0x0c, 4, 8]))).toBe(0xf08);
  });

  it.each([
    [
      'more registers and states than there are',
      [...Array.from({ length: 9_000 }, (_, n) => [0x05, ...uleb(n), 1, 0x0a]).flat()],
    ],
    ['a program that is longer than any', repeat(200_000, 0x0e, 1)],
    ['a number without end', [0x0e, ...repeat(20, 0xff)]],
    ['states that were not remembered', [0x0b]],
  ])('with %s says nothing', (_, program) => {
    expect(cfa(section(program))).toBeUndefined();
  });

  it('of a length that is not there ends', () => {
    expect(cfa(Uint8Array.from([...section([0x0c, 4, 8]), ...u32(0xffffff00), 1, 2, 3]))).toBe(0xf08);
  });
});

describe('an expression', () => {
  const frame = {
    register: () => 1,
    cfa: () => 1,
    frameBase: () => 1,
    read: (_: number, bytes: number) => new Uint8Array(bytes),
  };
  it.each([
    ['a loop', [0x2f, 0xfd, 0xff]],
    ['a branch to before it', [0x2f, 0x00, 0x80]],
    ['pieces of all memory', [0x50, 0x93, ...uleb(2 ** 40)]],
    ['a value that is longer than it', [0x9e, ...uleb(2 ** 33), 1]],
    ['nothing on the stack', [0x22]],
  ])('with %s is nowhere', (_, bytes) => {
    expect(locate(Uint8Array.from(bytes), frame)).toBeUndefined();
  });
});

it('a kernel whose debug information was spoilt is a kernel with less of it', () => {
  const file = builtinDebugFile(builtinKernel()) as Uint8Array;
  const sections = elfSections(file);
  const next = random(20261129);
  const addresses = [0xf0100100, 0xf01057b5, 0xf0105766, 0xf0103d2f];
  askAll(sections, addresses);
  for (let n = 0; n < 20; n++) askAll(spoiltSections(sections, next), addresses);
}, 60_000);

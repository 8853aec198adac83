import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { followPath } from '../../replayer/dap/paths.ts';
import { type Data, Values } from '../../replayer/dap/values.ts';
import { expressionOf } from '../../replayer/dwarf/attributes.ts';
import { DebugInfo } from '../../replayer/dwarf/debug-info.ts';
import { AT } from '../../replayer/dwarf/entries.ts';
import { type FrameContext, locate } from '../../replayer/dwarf/expressions.ts';
import { elfSections } from '../../replayer/dwarf/sections.ts';
import { typeOf } from '../../replayer/dwarf/types.ts';
import { readElf } from '../../schemas/guest/elf.ts';

/** Debug information as gcc writes it, in every version of DWARF. */

const SOURCE = `
enum colour { RED, GREEN = 5 };
struct flags { unsigned low : 3; unsigned mid : 7; int : 6; unsigned high : 16; };
struct node {
  struct node *next;
  char name[8];
  short grid[2][3];
  union { int number; unsigned char bytes[4]; };
  struct flags flags;
  enum colour colour;
  long long wide;
  _Bool on;
  int (*call)(int);
};
struct node global = {
  &global, "first", {{1, 2, 3}, {4, 5, -6}}, {0x01020304}, {5, 100, 40000}, GREEN, -5000000000LL, 1, 0
};
unsigned table[3] = {1, 70000, 3};
int _start(int count, char letter) {
  volatile int twice = 2 * count;
  { volatile int inner = twice; twice += inner; }
  return twice + letter;
}
`;

const folder = mkdtempSync(join(tmpdir(), 'r386-dwarf-'));
afterAll(() => rmSync(folder, { recursive: true }));
const source = join(folder, 'program.c');
writeFileSync(source, SOURCE);

function compiled(...options: string[]): Uint8Array | undefined {
  const output = join(folder, 'program.elf');
  const flags = ['-m32', '-nostdlib', '-static', '-no-pie', '-fno-pie', '-Wl,--build-id=none', ...options];
  return spawnSync('gcc', [...flags, source, '-o', output]).status === 0 ? readFileSync(output) : undefined;
}

const hasGcc = compiled('-g') !== undefined;
if (!hasGcc) console.log('gcc -m32 is not installed: the DWARF that it writes is not tested');

const STACK = 0x10000;

/** The program in memory, as it is when it begins, with a frame of its function at STACK. */
function program(...options: string[]) {
  const file = compiled(...options) as Uint8Array;
  const elf = readElf(file, 'program.elf');
  const memory = new Map<number, number>();
  for (const { linear, bytes } of elf.segments) bytes.forEach((byte, n) => void memory.set(linear + n, byte));
  const write = (address: number, value: number) =>
    [0, 8, 16, 24].forEach((shift, n) => void memory.set(address + n, (value >>> shift) & 255));
  const read = (address: number, bytes: number) => {
    const found = Array.from({ length: bytes }, (_, n) => memory.get(address + n));
    return found.every((byte) => byte !== undefined) ? Uint8Array.from(found as number[]) : undefined;
  };
  const info = new DebugInfo(elfSections(file));
  const start = elf.symbols.find(({ name }) => name.raw === '_start');
  if (!start) throw new Error('no _start');
  // Before LEAVE and RET: EBP holds the frame, its return address lies above.
  const pc = start.address + start.size - 3;
  const values = new Values({ read, symbol: () => undefined });
  const variable =
    (at: number) =>
    (name: string): Data | undefined => {
      const [scope] = info.scopesAt(at);
      const frame: FrameContext = {
        register: (n) => (n === 5 ? STACK : n === 4 ? STACK - 32 : undefined),
        cfa: () => STACK + 8,
        frameBase: () => {
          const found = scope?.frameBase && locate(scope.frameBase, frame);
          return found?.kind === 'memory'
            ? found.address
            : found?.kind === 'register'
              ? frame.register(found.register)
              : undefined;
        },
        read,
      };
      const die = scope?.variables.find((one) => one.name === name)?.die ?? info.global(name, at);
      const expression = die && expressionOf(die, AT.location, at);
      const found = expression && locate(expression, frame);
      return die && { type: typeOf(die), ...(found?.kind === 'memory' ? { address: found.address } : {}) };
    };
  const text = (path: string, at = pc) => {
    const data = followPath(path, values, variable(at));
    return data && values.text(data);
  };
  return { info, start, pc, write, text, values, variable: variable(pc) };
}

describe.runIf(hasGcc).each([2, 3, 4, 5])('DWARF %i of gcc', (version) => {
  const strict = [`-gdwarf-${version}`, '-gstrict-dwarf', '-O0'];

  it('has types of every kind', () => {
    const { text, values, variable } = program(...strict);
    const members = values.children(variable('global') as Data);
    const shown = Object.fromEntries(
      members.map(({ name, data }) => [name, [data.type.name, values.text(data)]]),
    );
    const address = (text('&global') ?? '').split(' ')[0];
    expect(shown).toEqual({
      next: ['struct node *', address],
      name: ['char [8]', '"first"'],
      grid: ['short int [2][3]', expect.stringMatching(/^short int \[2\]\[3\] 0x/)],
      '(anonymous)': ['union {…}', 'union {…} {…}'],
      flags: ['struct flags', 'struct flags {…}'],
      colour: ['enum colour', 'GREEN'],
      wide: ['long long int', '-5000000000'],
      on: ['_Bool', 'true'],
      call: ['int () *', '0x0'],
    });
    for (const [path, value] of [
      ['global.number', '16909060 (0x1020304)'],
      ['global.bytes[0]', '4'],
      ['global.next->next->name', '"first"'],
      ['global.name[1]', "105 'i'"],
      ['global.grid[1][2]', '-6'],
      ['global.flags.low', '5'],
      ['global.flags.mid', '100'],
      ['global.flags.high', '40000 (0x9c40)'],
      ['table[1]', '70000 (0x11170)'],
      ['*table', '1'],
      ['(*global.next).colour', undefined],
      ['global.nothing', undefined],
      ['nothing', undefined],
    ] as const)
      expect(text(path), path).toBe(value);
  });

  it('has parameters and locals, and blocks hide what they do not hold', () => {
    const { info, start, pc, write, text } = program(...strict);
    write(STACK + 8, 21);
    const [scope] = info.scopesAt(pc);
    expect(scope.functionName).toBe('_start');
    expect(scope.variables.map(({ name, isParameter }) => [name, isParameter])).toEqual([
      ['count', true],
      ['letter', true],
      ['twice', false],
    ]);
    expect(text('count')).toBe('21');
    // Below the frame, where this test has no memory.
    expect(text('twice')).toMatch(/^<not mapped: 0xff[ef]\w>$/);
    const inBlock = Array.from({ length: start.size }, (_, n) => start.address + n).find((at) =>
      info.scopesAt(at)[0]?.variables.some(({ name }) => name === 'inner'),
    );
    expect(inBlock).toBeDefined();
  });

  it('is of no use, and no harm, when it is damaged', () => {
    const file = compiled(...strict) as Uint8Array;
    const whole = elfSections(file);
    const { start } = program(...strict);
    for (const name of ['.debug_info', '.debug_abbrev'])
      for (let n = 0; n < 300; n++) {
        const section = Uint8Array.from(whole.get(name) as Uint8Array);
        section[(n * 37) % section.length] ^= 1 << (n & 7);
        const info = new DebugInfo(new Map(whole).set(name, section));
        for (const { variables } of info.scopesAt(start.address))
          for (const { die } of variables) typeOf(die);
        info.global('global', start.address);
      }
  });
});

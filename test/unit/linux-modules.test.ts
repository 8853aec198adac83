import { expect, it } from 'vitest';
import { systemMap } from '../../analysis/linux/kallsyms.ts';
import { findModules } from '../../analysis/linux/modules.ts';

/** Modules of a Linux kernel, by struct module and struct mod_kallsyms in a memory made here (include/linux/module.h). */

const DIRECT_MAP = 0xc0000000;
const HEAD = 0x1000;
/** Linear pages of the module, and where they are. */
const MODULE = 0xc4800000;
const AT = 0x4000;
const KALLSYMS = 0x140;

const translate = (linear: number): number => {
  const physical = linear - DIRECT_MAP;
  if (physical >= 0 && physical < 0x8000) return physical;
  return linear >= MODULE && linear < MODULE + 0x1000 ? AT + (linear - MODULE) : -1;
};

/** One module in a list of its own: struct module at the start of its page, behind it the tables. */
function memoryWith({ kinds = true, info = 0 }: { kinds?: boolean; info?: number } = {}): Buffer {
  const bytes = Buffer.alloc(0x10000);
  const put = (at: number, ...words: number[]) => Buffer.from(Uint32Array.from(words).buffer).copy(bytes, at);
  put(HEAD, MODULE + 4, MODULE + 4);
  put(AT, 0, DIRECT_MAP + HEAD, DIRECT_MAP + HEAD);
  bytes.write('dummy\0', AT + 12, 'latin1');
  put(AT + KALLSYMS, MODULE + 0x400, 4, MODULE + 0x600, kinds ? MODULE + 0x700 : 0);
  // An undefined symbol, a function, and a variable.
  const symbols = [
    [1, 0, 0, 0],
    [8, MODULE + 0x40, 16, info],
    [19, MODULE + 0x80, 4, 0],
  ];
  for (const [n, symbol] of symbols.entries()) put(AT + 0x400 + 16 * (n + 1), ...symbol);
  bytes.write('\0printk\0dummy_xmit\0numdummies\0', AT + 0x600, 'latin1');
  if (kinds) bytes.write('?UtD', AT + 0x700, 'latin1');
  return bytes;
}

it('are found with their symbols, whose kinds have a table since 5.2', () => {
  const [module, ...others] = findModules({ memory: memoryWith(), translate, directMap: DIRECT_MAP });
  expect([module.name, others]).toEqual(['dummy', []]);
  expect(systemMap(module)).toBe('c4800040 t dummy_xmit\t[dummy]\nc4800080 D numdummies\t[dummy]\n');
});

it.each([
  { info: 't'.charCodeAt(0), letter: 't' },
  { info: 0x12, letter: 't' },
  { info: 0x11, letter: 'd' },
])('have the kinds of older kernels (st_info $info)', ({ info, letter }) => {
  const memory = memoryWith({ kinds: false, info });
  const [module] = findModules({ memory, translate, directMap: DIRECT_MAP });
  expect(module.symbols[0]).toEqual({
    ...{ address: MODULE + 0x40, letter, name: 'dummy_xmit', module: 'dummy' },
  });
});

it.each([
  ['links of the list that lead elsewhere', 4, DIRECT_MAP + 0x2000],
  ['a name that no module has', 12, 0x20202020],
  ['no symbol table', KALLSYMS, 0],
  ['more symbols than any module has', KALLSYMS + 4, 0xffffffff],
  ['names that lead out of memory', KALLSYMS + 8, 0xfffffff0],
])('are not found by %s', (_, offset, word) => {
  const memory = memoryWith();
  memory.writeUInt32LE(word, AT + offset);
  expect(findModules({ memory, translate, directMap: DIRECT_MAP })).toEqual([]);
});

import { describe, expect, it } from 'vitest';
import { sectionVariables } from '../../analysis/linux/btf.ts';
import type { LinuxSymbol } from '../../analysis/linux/kallsyms.ts';
import { firstProcessorOffset, withData } from '../../analysis/linux/per-cpu.ts';

/** Names of a Linux kernel's per-CPU variables and exported data, out of its memory. */

const DIRECT_MAP = 0xc0000000;
/** Physical address of `.data..percpu`, and how far the first processor's copy lies behind it. */
const SECTION = 0x2000;
const OFFSET = 0x5000;

const words = (...numbers: readonly number[]) => Buffer.from(Uint32Array.from(numbers).buffer);

/** Types as Documentation/bpf/btf.rst has them: an int, three variables and their section. */
function btf(section = '.data..percpu'): Buffer {
  const strings = Buffer.from(`\0int\0this_cpu_off\0runqueues\0softnet_data\0${section}\0`, 'latin1');
  const name = (text: string) => strings.indexOf(`${text}\0`);
  const variable = (text: string) => [name(text), 14 << 24, 1, 1];
  const types = words(
    ...[name('int'), 1 << 24, 4, 32],
    ...[...variable('this_cpu_off'), ...variable('runqueues'), ...variable('softnet_data')],
    ...[name(section), (15 << 24) | 3, 0x200, ...[2, 0x10, 4], ...[3, 0x40, 0x80], ...[4, 0x100, 0x40]],
  );
  const header = words(0x0001eb9f, 24, 0, types.length, types.length, strings.length);
  return Buffer.concat([header, types, strings]);
}

const BTF = btf().toString('latin1');

/** Exports with name spaces (5.4 on), without (`bytes` 8), and, in `absolute`, as linear addresses. */
function memory({ bytes = 12, absolute = false, alone = false, types = '' } = {}): Buffer {
  const exported = {
    ...{ init_task: 0x1000, jiffies: 0x1800, this_cpu_off: SECTION + 0x10, tcp_orphan_count: SECTION + 0x80 },
    ...{ softnet_data: SECTION + 0x100, empty_zero_page: 0x3000 },
    ...(alone ? {} : { __per_cpu_offset: 0x900 }),
  };
  const made = Buffer.alloc(0x10000);
  made.writeUInt32LE(OFFSET, 0x900);
  let name = 0x9001;
  let entry = 0xa000;
  for (const [text, physical] of Object.entries(exported)) {
    made.write(`${text}\0`, name, 'latin1');
    made.writeInt32LE(absolute ? (physical + DIRECT_MAP) | 0 : physical - entry, entry);
    made.writeInt32LE(absolute ? (name + DIRECT_MAP) | 0 : name - (entry + 4), entry + 4);
    name += text.length + 1;
    entry += bytes;
  }
  made.write(types, 0x8000, 'latin1');
  return made;
}

const FUNCTION: LinuxSymbol = { name: 'init_task', address: 0xc0001000, letter: 'T' };
const named = (bytes: Buffer, symbols: readonly LinuxSymbol[] = [FUNCTION]) =>
  Object.fromEntries(
    withData(symbols, { memory: bytes, directMap: DIRECT_MAP }).map(({ name, address }) => [
      name,
      (address - DIRECT_MAP).toString(16),
    ]),
  );

/** By the exports alone: what lies between two known per-CPU variables is one too. */
const BY_EXPORTS = {
  ...{ init_task: '1000', jiffies: '1800', empty_zero_page: '3000', __per_cpu_offset: '900' },
  ...{ this_cpu_off: '7010', tcp_orphan_count: '7080', softnet_data: '7100' },
};

describe('data of a kernel', () => {
  it.each([{}, { bytes: 8 }, { bytes: 8, absolute: true }])('is named by its exports: %j', (form) => {
    expect(named(memory(form))).toEqual(BY_EXPORTS);
  });

  it('is named by its types as well, whose section lies where its exports do', () => {
    expect(named(memory({ types: BTF }))).toEqual({ ...BY_EXPORTS, runqueues: '7040' });
  });

  it('is named by kallsyms, at the addresses of the first processor', () => {
    const all = { __per_cpu_start: 0x2000, static_one: 0x2008, __per_cpu_end: 0x2140 };
    const symbols = Object.entries(all).map(([name, at]) => ({
      name,
      address: at + DIRECT_MAP,
      letter: 'd',
    }));
    const bounds = { __per_cpu_start: '2000', __per_cpu_end: '2140' };
    expect(named(memory(), symbols)).toEqual({ ...BY_EXPORTS, ...bounds, static_one: '7008' });
    expect(named(memory({ types: BTF }), symbols)).toEqual({
      ...{ ...BY_EXPORTS, ...bounds },
      ...{ static_one: '7008', runqueues: '7040' },
    });
  });

  it('lies where its symbols do in a kernel for one processor', () => {
    const { this_cpu_off, softnet_data } = named(memory({ alone: true, types: BTF }));
    expect({ this_cpu_off, softnet_data }).toEqual({ this_cpu_off: '2010', softnet_data: '2100' });
  });

  it('has an offset of the first processor only where memory has the word', () => {
    expect(firstProcessorOffset(memory(), DIRECT_MAP)).toBe(OFFSET);
    expect(firstProcessorOffset(memory({ alone: true }), DIRECT_MAP)).toBe(0);
    const bytes = memory();
    bytes.writeInt32LE(bytes.length - 2 - 0xa048, 0xa048);
    expect(firstProcessorOffset(bytes, DIRECT_MAP)).toBeUndefined();
    expect(named(bytes)).not.toHaveProperty('softnet_data');
  });

  it('has no names where memory has none', () => {
    expect(withData([FUNCTION], { memory: new Uint8Array(4096), directMap: DIRECT_MAP })).toEqual([FUNCTION]);
  });
});

describe('the variables of a section', () => {
  it('are found with their sizes', () => {
    expect([...(sectionVariables(btf(), '.data..percpu') ?? [])]).toEqual([
      ['this_cpu_off', { offset: 0x10, size: 4 }],
      ['runqueues', { offset: 0x40, size: 0x80 }],
      ['softnet_data', { offset: 0x100, size: 0x40 }],
    ]);
    expect(sectionVariables(btf('.bss'), '.data..percpu')).toBeUndefined();
  });

  it('are not found in what is cut off', () => {
    const whole = btf();
    for (let length = 0; length < whole.length; length++)
      expect(sectionVariables(whole.subarray(0, length), '.data..percpu'), `${length}`).toBeUndefined();
  });
});

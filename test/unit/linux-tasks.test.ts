import { describe, expect, it } from 'vitest';
import { structureMembers } from '../../analysis/linux/btf.ts';
import { linuxTasks, taskFlags } from '../../analysis/linux/tasks.ts';

/** A Linux kernel's tasks by its symbols, its types (BTF) and its first tasks. */

const words = (...numbers: readonly number[]) => Buffer.from(Uint32Array.from(numbers).buffer);
const INT = 1;
const STRUCT = 4;

/** Types as Documentation/bpf/btf.rst has them: an int, a structure of another name, and task_struct. */
function btf(kindFlag: 0 | 1): Buffer {
  const strings = Buffer.from('\0int\0list_head\0task_struct\0pid\0comm\0flags\0', 'latin1');
  const name = (text: string) => strings.indexOf(`${text}\0`);
  const info = (kind: number, count = 0) => ((kindFlag << 31) | (kind << 24) | count) >>> 0;
  const member = (text: string, bytes: number) => [name(text), 1, 8 * bytes];
  const types = words(
    ...[name('int'), info(INT), 4, 32],
    ...[name('list_head'), info(STRUCT, 1), 8, ...member('pid', 4)],
    ...[name('task_struct'), info(STRUCT, 3), 4096, ...member('flags', 12), ...member('pid', 1000)],
    ...member('comm', 1500),
  );
  const header = words(0x0001eb9f, 24, 0, types.length, types.length, strings.length);
  return Buffer.concat([header, types, strings]);
}

describe('members of a structure', () => {
  it.each([0, 1] as const)('are found by name, with kind_flag %i', (kindFlag) => {
    const members = structureMembers(btf(kindFlag), 'task_struct');
    expect([...(members ?? [])]).toEqual([
      ['flags', 12],
      ['pid', 1000],
      ['comm', 1500],
    ]);
    expect(structureMembers(btf(kindFlag), 'mm_struct')).toBeUndefined();
  });

  it('have names of 64 characters at most, and are not read further where one has no end', () => {
    const endless = Buffer.concat([btf(0), Buffer.alloc(100, 'x')]);
    endless.writeUInt32LE(endless.readUInt32LE(20) + 100, 20);
    // The last character of the text that ends: `comm` is named by what has no end.
    const last = 24 + endless.readUInt32LE(12) + endless.readUInt32LE(20) - 100;
    endless.writeUInt32LE(last - 24 - endless.readUInt32LE(16), 24 + endless.readUInt32LE(12) - 12);
    expect([...(structureMembers(endless, 'task_struct') ?? [])].at(-1)).toEqual(['x'.repeat(64), 1500]);
  });

  it('are not found in what is no BTF, is cut off, or says that it is longer', () => {
    const whole = btf(0);
    for (let length = 0; length < whole.length; length++)
      expect(structureMembers(whole.subarray(0, length), 'task_struct'), `${length}`).toBeUndefined();
    expect(structureMembers(Buffer.from('no types at all, but some text'), 'task_struct')).toBeUndefined();
    const endless = Buffer.from(whole);
    endless.writeUInt32LE(0xffffff, 24 + 4);
    expect(structureMembers(endless, 'task_struct')).toBeUndefined();
  });
});

/** Linear addresses less their physical ones. */
const DIRECT_MAP = 0xc0000000;
const PER_CPU = 0x7000;

/** Exports of a kernel, as distances from 4.19 on or as linear addresses before. */
function exportTable(bytes: Buffer, symbols: Readonly<Record<string, number>>, byDistance: boolean): void {
  let name = 0x9001;
  let entry = 0xa000;
  for (const [text, physical] of Object.entries(symbols)) {
    bytes.write(`${text}\0`, name, 'latin1');
    bytes.writeInt32LE(byDistance ? physical - entry : (physical + DIRECT_MAP) | 0, entry);
    bytes.writeInt32LE(byDistance ? name - (entry + 4) : (name + DIRECT_MAP) | 0, entry + 4);
    name += text.length + 1;
    entry += byDistance ? 12 : 8;
  }
}

const SYMBOLS = { init_task: 0x1000, current_task: 0x20, __per_cpu_offset: 0x900 };

/** A kernel's memory with two tasks, whose ids are at 700 and names at 900. */
function kernelMemory(symbols: Readonly<Record<string, number>> = SYMBOLS, byDistance = true): Buffer {
  const bytes = Buffer.alloc(0x10000);
  const task = (at: number, pid: number, comm: string) => {
    bytes.writeInt32LE(pid, at + 700);
    bytes.writeInt32LE(pid, at + 704);
    bytes.write(`${comm}\0`, at + 900, 'latin1');
    // A count that is 2 in both, and one that is not.
    bytes.writeInt32LE(2, at + 40);
    bytes.writeInt32LE(2, at + 44);
  };
  task(0x1000, 0, 'swapper/0');
  task(0x3000, 2, 'kthreadd');
  bytes.writeUInt32LE(PER_CPU, 0x900);
  exportTable(bytes, symbols, byDistance);
  return bytes;
}

describe('tasks', () => {
  const found = { current: DIRECT_MAP + 0x20 + PER_CPU, pid: 700, comm: 900, afterCr3: true };

  it.each([true, false])(
    'are found by the first two where there are no types (distances: %s)',
    (byDistance) => {
      expect(linuxTasks(kernelMemory(SYMBOLS, byDistance), DIRECT_MAP)).toEqual(found);
    },
  );

  it('are found by the types of the kernel, which come first', () => {
    const bytes = kernelMemory();
    btf(0).copy(bytes, 0x8000);
    expect(linuxTasks(bytes, DIRECT_MAP)).toEqual({ ...found, pid: 1000, comm: 1500 });
  });

  it('are where pcpu_hot has them, and where there is one processor alone', () => {
    const { current_task: pcpu_hot, ...others } = SYMBOLS;
    expect(linuxTasks(kernelMemory({ ...others, pcpu_hot }), DIRECT_MAP)).toEqual(found);
    const { __per_cpu_offset: _, ...alone } = SYMBOLS;
    expect(linuxTasks(kernelMemory(alone), DIRECT_MAP)?.current).toBe(DIRECT_MAP + 0x20);
  });

  it('have flags that tell kernel threads, by types or by the first two', () => {
    const bytes = kernelMemory();
    expect(taskFlags(bytes, DIRECT_MAP)).toBeUndefined();
    bytes.writeUInt32LE(0x00200000, 0x1000 + 24);
    expect(taskFlags(bytes, DIRECT_MAP)).toBeUndefined();
    bytes.writeUInt32LE(0x00208040, 0x3000 + 24);
    expect(taskFlags(bytes, DIRECT_MAP)).toBe(24);
    btf(0).copy(bytes, 0x8000);
    expect(taskFlags(bytes, DIRECT_MAP)).toBe(12);
  });

  it('are not found where memory has none', () => {
    expect(linuxTasks(Buffer.alloc(0x10000), DIRECT_MAP)).toBeUndefined();
    expect(linuxTasks(kernelMemory({ init_task: 0x1000 }), DIRECT_MAP)).toBeUndefined();
    expect(linuxTasks(kernelMemory({ current_task: 0x20 }), DIRECT_MAP)).toBeUndefined();
    // Entries that lead out of memory.
    expect(
      linuxTasks(kernelMemory({ init_task: 0x7f000000, current_task: 0x7f000000 }), DIRECT_MAP),
    ).toBeUndefined();
  });
});

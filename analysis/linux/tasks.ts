import type { ProcessLayout } from '../../schemas/trace/profile.ts';
import { findStructure } from './btf.ts';
import { exportedSymbol } from './exports.ts';
import { firstProcessorOffset } from './per-cpu.ts';

/**
 * The layout of Linux's tasks, read from the kernel's memory: its exported symbols locate the pointer to the current task, and its BTF (or,
 * without BTF, its first tasks) locates id and name within a task.
 */

/** struct task_struct is smaller. */
const TASK_BYTES = 16384;
/** TASK_COMM_LEN. */
const COMM_BYTES = 16;
const KTHREADD = { comm: 'kthreadd', pid: 2 };
/** Of the first task: with the number of its processor, or without (kernel/sched/core.c, init_idle). */
const FIRST = ['swapper/0', 'swapper'];

/** PF_KTHREAD of task_struct.flags (include/linux/sched.h): a thread of the kernel, without a memory map of its own. */
const KERNEL_THREAD = 0x00200000;
/** The flags come soon behind thread_info, state and stack. */
const FLAGS_BEFORE = 256;

/**
 * The process layout that guest profiles of other kernels spell out; undefined if `memory`, a copy of physical memory, has none.
 * `directMap`: the difference of linear and physical addresses of the kernel's image.
 */
export function linuxTasks(memory: Uint8Array, directMap: number): ProcessLayout | undefined {
  const kernel = new KernelMemory(memory, directMap);
  const current = kernel.currentPointer();
  const members = kernel.membersByType() ?? kernel.membersByFirstTasks();
  // The pointer is set after CR3 is loaded (__switch_to).
  return current === undefined || !members ? undefined : { current, ...members, afterCr3: true };
}

/** The byte offset of the flags of a task, by which kernel threads are known; undefined if `memory` does not say it. */
export function taskFlags(memory: Uint8Array, directMap: number): number | undefined {
  const kernel = new KernelMemory(memory, directMap);
  return kernel.flagsByType() ?? kernel.flagsByFirstTasks();
}

type Members = Pick<ProcessLayout, 'pid' | 'comm'>;

class KernelMemory {
  private readonly bytes: Buffer;
  private readonly directMap: number;

  constructor(memory: Uint8Array, directMap: number) {
    this.bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.length);
    this.directMap = directMap;
  }

  /**
   * Linear address of the pointer of the first processor: a variable of each processor lies __per_cpu_offset[0] behind its symbol
   * (include/asm-generic/percpu.h). From 6.2 on it is the first word of pcpu_hot (arch/x86/include/asm/current.h).
   */
  currentPointer(): number | undefined {
    const symbol = this.exported('current_task') ?? this.exported('pcpu_hot');
    if (symbol === undefined) return undefined;
    const offset = firstProcessorOffset(this.bytes, this.directMap);
    return offset === undefined ? undefined : (symbol + this.directMap + offset) >>> 0;
  }

  membersByType(): Members | undefined {
    const task = findStructure(this.bytes, 'task_struct');
    const [pid, comm] = [task?.get('pid'), task?.get('comm')];
    return pid === undefined || comm === undefined ? undefined : { pid, comm };
  }

  /**
   * By tasks whose names and ids are known: init_task is `swapper` and 0, kthreadd is 2. Behind the id stands that of the group, which is the
   * same.
   */
  membersByFirstTasks(): Members | undefined {
    const init = this.exported('init_task');
    if (init === undefined) return undefined;
    const task = this.bytes.subarray(init, init + TASK_BYTES);
    const comm = FIRST.map((name) => task.indexOf(`${name}\0`, 0, 'latin1')).find((at) => at >= 0);
    if (comm === undefined) return undefined;
    const ids = (base: number, pid: number, id: number) =>
      this.word(base + pid) === id && this.word(base + pid + 4) === id;
    for (const second of this.tasksNamed(KTHREADD.comm, comm))
      for (let pid = 0; pid + 8 <= comm; pid += 4)
        if (ids(second, pid, KTHREADD.pid) && ids(init, pid, 0)) return { pid, comm };
    return undefined;
  }

  flagsByType(): number | undefined {
    return findStructure(this.bytes, 'task_struct')?.get('flags');
  }

  /** The first task and kthreadd are threads of the kernel; what comes before their flags has no such bit, but for addresses. */
  flagsByFirstTasks(): number | undefined {
    const init = this.exported('init_task');
    const comm = this.membersByFirstTasks()?.comm;
    if (init === undefined || comm === undefined) return undefined;
    for (const second of this.tasksNamed(KTHREADD.comm, comm))
      for (let at = 0; at < FLAGS_BEFORE; at += 4)
        if ([init, second].every((task) => this.areFlagsOfKernelThread(task + at))) return at;
    return undefined;
  }

  private areFlagsOfKernelThread(physical: number): boolean {
    const flags = this.word(physical) ?? 0;
    return (flags & KERNEL_THREAD) !== 0 && flags < this.directMap;
  }

  /** Physical addresses at which tasks of this name may begin. */
  private *tasksNamed(name: string, comm: number): Generator<number> {
    const text = Buffer.alloc(COMM_BYTES);
    text.write(name, 'latin1');
    for (let at = this.bytes.indexOf(text); at >= 0; at = this.bytes.indexOf(text, at + 1))
      if (at >= comm && (at - comm) % 4 === 0) yield at - comm;
  }

  private exported(name: string): number | undefined {
    return exportedSymbol(this.bytes, name, this.directMap);
  }

  private word(physical: number): number | undefined {
    return physical + 4 <= this.bytes.length ? this.bytes.readUInt32LE(physical) : undefined;
  }
}

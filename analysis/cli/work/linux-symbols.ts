import { RAM } from '../../../recorder/machine/layout.ts';
import type { Machine } from '../../../recorder/machine/machine.ts';
import { findKallsyms, type Kallsyms } from '../../linux/kallsyms.ts';
import { findModules } from '../../linux/modules.ts';
import { withData } from '../../linux/per-cpu.ts';

/** The symbols of a Linux kernel and of its modules, out of the memory of a machine. */
export interface LinuxSymbols extends Kallsyms {
  /** A copy of physical memory. */
  readonly memory: Uint8Array;
  /** Linear addresses of the kernel's image less their physical ones; undefined where the image is not mapped. */
  readonly directMap: number | undefined;
  /** Names of the modules that are loaded. */
  readonly modules: readonly string[];
}

/** Undefined where the memory has no symbol table of Linux. */
export function linuxSymbols(machine: Machine): LinuxSymbols | undefined {
  const { u8, ramBytes } = machine.mem;
  const memory = u8.slice(RAM, RAM + ramBytes);
  const kallsyms = findKallsyms(memory);
  if (!kallsyms) return undefined;
  const translate = (linear: number) => machine.mmu.translateForDebug(linear | 0);
  const directMap = directMapOf(kallsyms, translate);
  const modules = directMap === undefined ? [] : findModules({ memory, translate, directMap });
  const own = directMap === undefined ? kallsyms.symbols : withData(kallsyms.symbols, { memory, directMap });
  return {
    symbols: [...own, ...modules.flatMap(({ symbols }) => symbols)],
    modules: modules.map(({ name }) => name),
    memory,
    directMap,
  };
}

function directMapOf({ symbols }: Kallsyms, translate: (linear: number) => number): number | undefined {
  const text = symbols.find(({ name }) => name === '_stext' || name === '_text');
  const physical = text === undefined ? -1 : translate(text.address);
  return text === undefined || physical < 0 ? undefined : (text.address - physical) >>> 0;
}

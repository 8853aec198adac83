import type { ElfSymbol } from './elf.ts';

/**
 * The variables that Linux keeps once for each processor (include/asm-generic/percpu.h). Their symbols lie in a section of the image that
 * nobody uses; the first processor's variables are __per_cpu_offset[0] behind them, which only the kernel's memory says.
 */

/** Symbols that bound the section, and are no variables. */
export const PER_CPU_BOUNDS: readonly string[] = ['__per_cpu_start', '__per_cpu_end', '__per_cpu_load'];

/** The symbols, per-CPU variables at the addresses of the first processor's; those of a file without the section as they are. */
export function atFirstProcessor(symbols: ElfSymbol[], offset: number): ElfSymbol[] {
  if (offset === 0) return symbols;
  const [start, end] = PER_CPU_BOUNDS.map((bound) => symbols.find(({ name }) => name.raw === bound)?.address);
  if (start === undefined || end === undefined) return symbols;
  return symbols.map((symbol) =>
    symbol.address >= start && symbol.address < end && !PER_CPU_BOUNDS.includes(symbol.name.raw)
      ? { ...symbol, address: (symbol.address + offset) >>> 0 }
      : symbol,
  );
}

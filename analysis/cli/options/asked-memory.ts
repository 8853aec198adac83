import { CR4_PSE } from '../../../recorder/machine/control-registers.ts';
import type { Machine } from '../../../recorder/machine/machine.ts';
import { PAGE_SIZE_4M, PRESENT } from '../../../recorder/machine/mmu/bits.ts';
import { word } from '../../../replayer/debug/mappings.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { ElfSymbol } from '../../../schemas/guest/elf.ts';
import { symbolAddress } from '../../../schemas/guest/guest-address.ts';
import { hex8 } from '../terminal/format.ts';

/** Parses the range of memory in a question. */

export interface Range {
  readonly start: number;
  readonly bytes: number;
}

export interface AskedRange extends Range {
  /** True for linear addresses: a symbol is always linear, a number is physical by default. */
  readonly isSymbol: boolean;
}

/** Maximum bytes of one range. */
const MAX_RANGE = 1 << 20;
const WORD = 4;

/** `START` (4 bytes), `START+LENGTH`, `START-END`, or `SYMBOL[+OFFSET]`: the whole object if its size is known. */
export function parseRange(text: string, symbols: () => readonly ElfSymbol[]): AskedRange {
  const [, first, sign, more] = /^(0x[0-9a-f]+|\d+)(?:([+-])(0x[0-9a-f]+|\d+))?$/i.exec(text) ?? [];
  const range = first === undefined ? symbolRange(text, symbols()) : undefined;
  const start = range?.start ?? Number(first);
  const bytes =
    range?.bytes ?? (sign === undefined ? WORD : sign === '+' ? Number(more) : Number(more) - start);
  if (!Number.isSafeInteger(start) || !(bytes > 0))
    throw new BadInput(
      `${text}: not a memory range`,
      'write START, START+LENGTH or START-END, for example 0x5c7000+4096, or SYMBOL',
    );
  if (bytes > MAX_RANGE) throw new BadInput(`${text}: more than ${MAX_RANGE} bytes`, 'ask for a part of it');
  return { start, bytes, isSymbol: range !== undefined };
}

function symbolRange(text: string, symbols: readonly ElfSymbol[]): Range | undefined {
  const start = symbolAddress(text, symbols);
  if (start === undefined) return undefined;
  const object = symbols.find(({ address, kind }) => address === start && kind === 'object');
  return { start, bytes: object && object.size > 0 ? Math.min(object.size, MAX_RANGE) : WORD };
}

/** Throws BadInput if the range is not in the guest's RAM. */
export function checkInMemory({ start, bytes }: Range, ramBytes: number): void {
  if (start + bytes <= ramBytes) return;
  throw new BadInput(
    `0x${hex8(start)}: outside the guest's memory, which ends at 0x${ramBytes.toString(16)}`,
    'give a physical address, or --linear; pte-history and who-wrote FRAME of `rewind386 query` find frames',
  );
}

/** The physical ranges of a linear range, by the current page tables; `time` is the option that selected the instant. */
export function physicalRanges(machine: Machine, { start, bytes }: Range, time: string): Range[] {
  const ranges: Range[] = [];
  for (let at = start; at < start + bytes; ) {
    const size = Math.min(start + bytes - at, 4096 - (at & 4095));
    const physical = machine.mmu.translateForDebug(at | 0);
    if (physical < 0)
      throw new BadInput(
        `${hex8(at)} is not mapped at icount ${machine.icount}`,
        `give another time: ${time} ICOUNT`,
      );
    const last = ranges.at(-1);
    if (last && last.start + last.bytes === physical)
      ranges[ranges.length - 1] = { start: last.start, bytes: last.bytes + size };
    else ranges.push({ start: physical, bytes: size });
    at += size;
  }
  return ranges;
}

/** Physical addresses of the PDE that maps a linear address in the directory in force, and of its PTE unless the page is one of 4 MB. */
export function entriesOf(machine: Machine, linear: number): Range[] {
  const { cr0, cr3, cr4 } = machine.cpu;
  if (cr0 >= 0)
    throw new BadInput(
      `paging is off at icount ${machine.icount}: nothing maps ${hex8(linear)}`,
      'give another time: --before ICOUNT',
    );
  const pde = ((cr3 & ~0xfff) >>> 0) + (linear >>> 22) * WORD;
  const entry = word(machine, pde);
  const isLarge = (cr4 & CR4_PSE) !== 0 && (entry & PAGE_SIZE_4M) !== 0;
  const pte = ((entry & ~0xfff) >>> 0) + ((linear >>> 12) & 1023) * WORD;
  return (entry & PRESENT) !== 0 && !isLarge
    ? [
        { start: pde, bytes: WORD },
        { start: pte, bytes: WORD },
      ]
    : [{ start: pde, bytes: WORD }];
}

import {
  TLB_DIRTY,
  TLB_GLOBAL,
  TLB_LARGE,
  TLB_SUSPECT,
  TLB_USER,
  TLB_WRITABLE,
} from '../../recorder/machine/mmu/tlb.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import type { Frame } from '../../schemas/units.ts';
import type { TraceReader } from '../trace/trace-reader.ts';
import type { Debuggee } from './debuggee.ts';
import { mappedRanges, word } from './mappings.ts';
import type { ProcessNames } from './process-names.ts';

/** Memory as the processor sees it, in text: the TLB, what a directory maps, the alternate slot. */

/** Maximum lines of one answer, since page tables may map a million separate pages. */
const MAX_LINES = 4096;

const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');
const grouped = (n: number): string => n.toLocaleString('en-US');

export class MemoryShown {
  private readonly debuggee: Debuggee;
  private readonly reader: TraceReader;
  private readonly names: ProcessNames;

  constructor(debuggee: Debuggee, reader: TraceReader, names: ProcessNames) {
    this.debuggee = debuggee;
    this.reader = reader;
    this.names = names;
  }

  tlb(): string {
    const lines = this.debuggee.machine.mmu
      .cachedTranslations()
      .sort((a, b) => a.vpn - b.vpn)
      .map(({ vpn, frame, flags, pte }) => {
        const rights = `${flags & TLB_WRITABLE ? 'rw' : 'r-'}${flags & TLB_USER ? 'u' : 's'}`;
        const marks = [
          flags & TLB_DIRTY ? 'D' : '-',
          flags & TLB_GLOBAL ? 'G' : '-',
          flags & TLB_LARGE ? '4M' : '',
        ].join('');
        const now = this.debuggee.machine.mmu.translateForDebug((vpn << 12) | 0);
        const stale =
          now < 0 ? '  STALE: not mapped now' : now >>> 12 !== frame ? `  STALE: now ${hex(now)}` : '';
        const suspect = flags & TLB_SUSPECT ? ' changed since' : '';
        return `${hex(vpn << 12)} -> ${hex(frame << 12)} ${rights} ${marks} pte ${hex(pte)}${suspect}${stale}\n`;
      });
    return lines.join('') || 'the TLB is empty\n';
  }

  mappings(directory: number): string {
    const at = directory >>> 0;
    if (at + 4096 > this.debuggee.machine.mem.ramBytes) throw new BadInput(`${hex(at)} is beyond RAM`);
    const ranges = mappedRanges(this.debuggee.machine, at);
    const lines = ranges.map(
      ({ first, last, physical, rights }) =>
        `${hex(first)}-${hex(last)} -> ${hex(physical)} ${rights} ${grouped((last - first + 1) / 1024)} KB\n`,
    );
    const more = lines.length - MAX_LINES;
    const rest = more > 0 ? `… ${grouped(more)} more\n` : '';
    const head = `directory ${hex(at)}${this.ownerOf(at >>> 12)}: ${grouped(lines.length)} ranges\n`;
    return `${head}${lines.slice(0, MAX_LINES).join('')}${rest}`;
  }

  alternate(): string {
    const { alternateSlot } = this.reader.names.profile;
    if (alternateSlot < 0) return 'the profile of this guest has no alternate slot\n';
    const { cpu } = this.debuggee.machine;
    const directory = (cpu.cr3 & ~0xfff) >>> 0;
    const own = word(this.debuggee.machine, directory + 4 * this.recursiveSlot());
    const entry = word(this.debuggee.machine, directory + 4 * alternateSlot);
    const window = `window ${hex(alternateSlot << 22)}`;
    if ((entry & 1) === 0) return `${window}: alternate slot ${alternateSlot} is empty (${hex(entry)})\n`;
    const shown = (entry & ~0xfff) >>> 0;
    const mine = (own & ~0xfff) >>> 0 === shown ? ', which is the current one' : '';
    return `${window}: slot ${alternateSlot} = ${hex(entry)}, directory ${hex(shown)}${this.ownerOf(shown >>> 12)}${mine}\n`;
  }

  private recursiveSlot(): number {
    const { recursiveSlot, alternateSlot } = this.reader.names.profile;
    return recursiveSlot < 0 ? alternateSlot : recursiveSlot;
  }

  /** The process of a directory, to follow its address; empty if it has no name. */
  ownerOf(frame: Frame): string {
    const name = this.names.at(frame << 12, this.debuggee.position.icount);
    return name ? ` (${name})` : '';
  }
}

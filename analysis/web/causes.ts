import { countsOver } from './counts.ts';
import type { Density, EntryWrite, Frame, PageData } from './page-data.ts';
import type { Paging } from './paging.ts';
import { entryText } from './paging.ts';
import { grouped, hex } from './text.ts';
import type { Pointed } from './timeline.ts';

/** An event in words, with what led to it, as far as the page knows. */

/** A cause that can be gone to. */
export interface Cause {
  readonly text: string;
  readonly at: number;
  /** Track that shows it. */
  readonly track: string;
}

export interface Described {
  readonly title: string;
  readonly lines: readonly string[];
  readonly causes: readonly Cause[];
  /** Innermost frame first. */
  readonly stack: readonly string[];
  /** icount at which a debugger would look at it. */
  readonly at?: number;
}

/** Members common to slices and marks. */
interface Event {
  readonly label: string;
  readonly detail?: string;
  readonly code?: number;
  readonly inside?: number;
  readonly wrong?: boolean;
  readonly stack?: number;
  readonly from?: number;
  readonly to?: number;
  readonly at?: number;
  readonly directory?: number;
  readonly linear?: number;
  readonly entry?: number;
}

/** More interrupts around an event are counted. */
const NESTED = 6;

export class Causes {
  private readonly data: PageData;
  private readonly paging: Paging;
  private readonly frames: ReadonlyMap<number, Frame>;

  constructor(data: PageData, paging: Paging) {
    this.data = data;
    this.paging = paging;
    this.frames = new Map(data.frames.map((frame) => [frame.id, frame]));
  }

  describe(pointed: Pointed): Described {
    if (pointed.kind === 'finding') {
      const { number, severity, at, summary } = pointed.finding;
      const title = `finding ${number}, ${severity}, at icount ${grouped(at)}`;
      return { title, lines: [summary], causes: [], stack: [], at };
    }
    const { track } = pointed.row;
    if (pointed.kind === 'track') {
      const lines =
        track.kind === 'density'
          ? [this.partOf(track, pointed.icount)]
          : 'missing' in track
            ? [track.missing ?? '']
            : [];
      return { title: track.name, lines: [track.doc, ...lines], causes: [], stack: [] };
    }
    const event: Event = (track.kind === 'slices' ? track.slices : track.marks)[pointed.index];
    return this.event(track.name, event);
  }

  private partOf(track: Density, icount: number): string {
    const { first, part, counts } = countsOver(track, icount, icount, this.data.end);
    if (counts.length === 0) return 'not counted yet';
    const n = Math.min(counts.length - 1, Math.floor((icount - first) / part));
    const [from, to] = [first + n * part, first + (n + 1) * part];
    return `${grouped(counts[n] ?? 0)} from icount ${grouped(from)} to ${grouped(to)}`;
  }

  private event(track: string, event: Event): Described {
    const { label, detail, wrong, from = 0, to = 0, stack } = event;
    const at = event.at ?? from;
    const when =
      event.at !== undefined || to - from <= 1
        ? `icount ${grouped(at)}`
        : `icount ${grouped(from)} to ${grouped(to)}, ${grouped(to - from)} instructions`;
    return {
      title: `${track}: ${label}${wrong ? ', which the code that was interrupted did not mean' : ''}`,
      lines: [...this.byCode(event), when, ...(detail === undefined ? [] : [detail])],
      causes: [...this.lastWriter(event, at), ...this.interrupts(event, at)],
      stack: stack === undefined ? [] : (this.data.stacks[stack] ?? []),
      at,
    };
  }

  private byCode({ code }: Event): string[] {
    if (code === undefined) return [];
    const { name, source } = this.data.places[code];
    return [source === undefined ? `at ${name}` : `at ${name}, ${source}`];
  }

  /** The interrupts that an event happened in, the innermost first. */
  private interrupts({ inside }: Event, at: number): Cause[] {
    const causes: Cause[] = [];
    for (let id = inside ?? 0; id > 0 && causes.length < NESTED; ) {
      const frame = this.frames.get(id);
      if (!frame) break;
      const place = this.data.places[frame.code]?.name;
      const ago = at > frame.at ? `, ${grouped(at - frame.at)} instructions before` : '';
      const text = `${causes.length === 0 ? 'inside' : 'which is inside'} ${frame.label}, which interrupted ${place}${ago}`;
      causes.push({ text, at: frame.at, track: 'interrupts' });
      id = frame.parent;
    }
    return causes;
  }

  /** The last write of the entry behind a page fault, or before a write. */
  private lastWriter({ entry, directory, linear }: Event, at: number): Cause[] {
    if (entry === undefined && (directory === undefined || linear === undefined)) return [];
    const state = this.paging.at(at);
    const write = entry === undefined ? state?.walk(directory ?? 0, linear ?? 0) : state?.writer(entry);
    return write ? [this.writeCause(write)] : [];
  }

  writeCause(write: EntryWrite): Cause {
    const place = write.code === undefined ? '' : ` by ${this.data.places[write.code].name}`;
    const kind = write.entry >>> 12 === write.directory >>> 12 ? 'PDE' : 'PTE';
    const source = write.source === 'store' ? '' : ` (${write.source.replaceAll('_', ' and ')})`;
    return {
      text: `the ${kind} at physical ${hex(write.entry)} was written last${place}${source}: ${entryText(write.value)}`,
      at: write.at,
      track: 'page-table writes',
    };
  }
}

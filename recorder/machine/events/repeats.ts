import { type EventKind, FOLDED_KINDS, INTERRUPT_OP, NO_IRQ } from '../../../schemas/events.ts';
import type { Icount } from '../../../schemas/units.ts';

/** Folds events that repeat while paging is off into the first of them, with counts and digests. */

const DELIVER = INTERRUPT_OP.indexOf('deliver');

/** Different events of one stretch that repeats are folded into; those beyond stay rows of their own. Half of the table. */
const MOST = 512;
const TABLE = 2 * MOST;
/** Frames that are open and whose delivery was folded; beyond, their ends stay rows. */
const MOST_OPEN = 256;
/** Instructions that a stretch has at most: what a row says of its past is 32 bits wide. */
const LONGEST = 2 ** 31;

/** The position at which an event was made: as EventContext, but for the clock. */
export interface Place {
  readonly eip: number;
  readonly cpl: number;
  readonly depth: number;
  readonly frameId: number;
  readonly cr3: number;
}

/** An event that was recorded, and what came after it that was the same but for the time. */
export interface Folded extends Place {
  /** Index in FOLDED_KINDS. */
  readonly kind: number;
  readonly values: readonly number[];
  readonly first: number;
  last: number;
  /** Not counting the first. */
  count: number;
  /** Of the icount and the frame ids of each repeat, in order. */
  low: number;
  high: number;
}

/**
 * Folds what repeats itself while paging is off. Firmware that waits and boot loaders with a menu make the same few events millions
 * of times: stack switches, software interrupts, loads of CR0. The first of each is a row; those after it that are equal in
 * every column but icount, seq and the numbers of frames are counted and digested, until `take` is asked for them: at every rung
 * of the ladder, before paging is turned on, and at the end. So whoever runs the same stretch again, from rung to rung, makes
 * the same rows of kind `repeats`, and a replay that compares those has compared every event.
 *
 * Hardware interrupts are always rows: they say when inputs came in.
 */
export class Repeats {
  private readonly table: (Folded | undefined)[] = new Array(TABLE).fill(undefined);
  private folded: Folded[] = [];
  /** Ids of open frames whose delivery was folded: only their ends are. */
  private readonly open = new Set<number>();

  /** The oldest event that others may be folded into is so old that its row can no longer be told from here. */
  isOverdue(icount: Icount): boolean {
    return this.folded.length > 0 && icount - this.folded[0].first >= LONGEST;
  }

  /** True when the event repeats one before, and has been folded into it; false when it is to be a row. */
  fold(kind: EventKind, icount: Icount, at: Place, values: readonly number[]): boolean {
    const number = (FOLDED_KINDS as readonly EventKind[]).indexOf(kind);
    // Of an interrupt, its id and its parent's are other numbers each time.
    const [op, id] = values;
    const isInterrupt = kind === 'interrupts';
    if (isInterrupt && (values[4] !== NO_IRQ || (op !== DELIVER && !this.open.delete(id)))) return false;
    let slot = hashOf(number, at, values, isInterrupt) & (TABLE - 1);
    for (let found = this.table[slot]; found; found = this.table[slot]) {
      if (found.kind === number && isSame(found, at, values, isInterrupt)) {
        found.count++;
        found.last = icount;
        digest(found, icount, at.frameId, isInterrupt ? id : 0, isInterrupt ? values[2] : 0);
        if (isInterrupt && op === DELIVER) this.opened(id);
        return true;
      }
      slot = (slot + 1) & (TABLE - 1);
    }
    if (this.folded.length === MOST) return false;
    const { eip, cpl, depth, frameId, cr3 } = at;
    const own = { kind: number, eip, cpl, depth, frameId, cr3, values };
    const entry = { ...own, first: icount, last: icount, count: 0, low: 0, high: 0 };
    this.table[slot] = entry;
    this.folded.push(entry);
    return false;
  }

  /** Those that had repeats, in the order of their first; the next event of each is a first one again. */
  take(): readonly Folded[] {
    const { folded } = this;
    if (folded.length === 0) return folded;
    this.table.fill(undefined);
    this.folded = [];
    this.open.clear();
    return folded.filter(({ count }) => count > 0);
  }

  private opened(id: number): void {
    if (this.open.size === MOST_OPEN) this.open.clear();
    this.open.add(id);
  }
}

function hashOf(kind: number, at: Place, values: readonly number[], isInterrupt: boolean): number {
  let hash = mix(mix(mix(kind, at.eip), at.cr3), (at.depth << 2) | at.cpl);
  for (let n = 0; n < values.length; n++)
    if (!isInterrupt || (n !== 1 && n !== 2)) hash = mix(hash, values[n]);
  return hash ^ (hash >>> 16);
}

function isSame(found: Folded, at: Place, values: readonly number[], isInterrupt: boolean): boolean {
  if (found.eip !== at.eip || found.cr3 !== at.cr3 || found.depth !== at.depth || found.cpl !== at.cpl)
    return false;
  for (let n = 0; n < values.length; n++)
    if (found.values[n] !== values[n] && (!isInterrupt || (n !== 1 && n !== 2))) return false;
  return true;
}

function digest(found: Folded, icount: Icount, frameId: number, id: number, parent: number): void {
  const low = icount | 0;
  const high = Math.floor(icount / 2 ** 32) | 0;
  found.low = mix(mix(mix(mix(mix(found.low, low), high), frameId), id), parent);
  found.high = mix(mix(mix(mix(mix(found.high ^ 0x9e3779b9, parent), id), frameId), high), low);
}

/** A step of MurmurHash3. */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

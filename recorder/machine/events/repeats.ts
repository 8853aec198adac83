import { type EventKind, FOLDED_KINDS, INTERRUPT_OP, NO_IRQ } from '../../../schemas/events.ts';
import type { Icount } from '../../../schemas/units.ts';

/** Folds events that repeat while paging is off into the first of them, with counts and digests. */

const DELIVER = INTERRUPT_OP.indexOf('deliver');

/** Maximum different events per stretch into which repeats are folded, half of the table; further events remain rows. */
const MOST = 512;
const TABLE = 2 * MOST;
/** Maximum open frames whose delivery was folded; beyond it, their ends remain rows. */
const MOST_OPEN = 256;
/** Maximum instructions of a stretch, since a row's distance to its event has 32 bits. */
const LONGEST = 2 ** 31;

/** The context of an event: EventContext without the clock. */
export interface Place {
  readonly eip: number;
  readonly cpl: number;
  readonly depth: number;
  readonly frameId: number;
  readonly cr3: number;
  readonly esp: number;
}

/** A recorded event and the later events that differ from it only in time. */
export interface Folded extends Place {
  /** Index in FOLDED_KINDS. */
  readonly kind: number;
  readonly values: readonly number[];
  readonly first: number;
  last: number;
  /** Not counting the first. */
  count: number;
  /** Digest of the icounts and frame ids of the repeats, in order. */
  low: number;
  high: number;
}

/**
 * Folds events that repeat while paging is off. Firmware that waits and boot loaders with a menu make the same few events millions
 * of times: stack switches, software interrupts, loads of CR0. The first of each is a row; those after it that are equal in
 * every column but icount, seq and the numbers of frames are counted and digested until `take`: at every rung of the ladder, before
 * paging is turned on, and at the end. Executing a stretch between rungs again therefore gives the same rows of kind `repeats`, and
 * comparing them compares every event.
 *
 * Hardware interrupts are always rows, because they mark the times of inputs.
 */
export class Repeats {
  private readonly table: (Folded | undefined)[] = new Array(TABLE).fill(undefined);
  private folded: Folded[] = [];
  /** Ids of open frames whose delivery was folded: only their ends are. */
  private readonly open = new Set<number>();
  private readonly espMask: number;

  /** `espMask`: -1 if events have their ESP, otherwise 0. */
  constructor(espMask = -1) {
    this.espMask = espMask;
  }

  /** True if the oldest event is too old for the width of a row's distance. */
  isOverdue(icount: Icount): boolean {
    return this.folded.length > 0 && icount - this.folded[0].first >= LONGEST;
  }

  /** True if the event repeats an earlier one and was folded into it; false if it must be a row. */
  fold(kind: EventKind, icount: Icount, at: Place, values: readonly number[]): boolean {
    const number = (FOLDED_KINDS as readonly EventKind[]).indexOf(kind);
    // The ids of an interrupt and its parent differ each time.
    const [op, id] = values;
    const isInterrupt = kind === 'interrupts';
    const esp = at.esp & this.espMask;
    if (isInterrupt && (values[4] !== NO_IRQ || (op !== DELIVER && !this.open.delete(id)))) return false;
    let slot = hashOf(number, at, esp, values, isInterrupt) & (TABLE - 1);
    for (let found = this.table[slot]; found; found = this.table[slot]) {
      if (found.kind === number && found.esp === esp && isSame(found, at, values, isInterrupt)) {
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
    const own = { kind: number, eip, cpl, depth, frameId, cr3, esp, values };
    const entry = { ...own, first: icount, last: icount, count: 0, low: 0, high: 0 };
    this.table[slot] = entry;
    this.folded.push(entry);
    return false;
  }

  /** The events with repeats, in order; the next event of each is then a first one again. */
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

function hashOf(
  kind: number,
  at: Place,
  esp: number,
  values: readonly number[],
  isInterrupt: boolean,
): number {
  let hash = mix(mix(mix(mix(kind, at.eip), at.cr3), (at.depth << 2) | at.cpl), esp);
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

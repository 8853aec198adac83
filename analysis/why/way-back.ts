import { REGISTER } from '../../recorder/machine/cpu/decode/decoder.ts';
import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import type { GuestCode } from '../../replayer/debug/guest-code.ts';
import type { Run } from '../../replayer/store-index/last-writer.ts';
import type { Timeline } from '../../replayer/timeline/timeline.ts';
import {
  namesAsTarget,
  type Place,
  placeName,
  register,
  registerValue,
  type Source,
  sourceOf,
} from './sources.ts';
import { type Step, step } from './step.ts';
import { type Access, type Trail, type TrailStep, walkTrail } from './trail.ts';

/**
 * The way of a value back to where it came from: from the instruction that put it into memory or a register to what that had it
 * from, and so on. Stretches of the run are executed again for it, and memory that was written before them is looked up in the
 * index of stores.
 */

/** The last writers of physical memory before an icount. */
export type LastWritersOf = (physical: number, bytes: number, before: number) => Promise<readonly Run[]>;

export interface Ways {
  readonly timeline: Timeline;
  readonly code: GuestCode;
  readonly lastWriters: LastWritersOf;
  /** Hops at most. */
  readonly hops: number;
}

export interface WayBack {
  readonly steps: readonly Step[];
  /** The reason that it goes no further. */
  readonly end: string;
}

/** A place as it was before a step of a trail. */
export interface Moment {
  readonly trail: Trail;
  readonly index: number;
}

/** Instructions that are executed again for one hop: first so many, and then more where it is not found. */
const STRETCHES = [1 << 10, 1 << 13, 1 << 16] as const;
/** Iterations of one instruction that are taken as one hop. */
const MOST_REPEATS = 1 << 16;

const hex = (value: number, size: number): string => (value >>> 0).toString(16).padStart(2 * size, '0');

/** The moment before the instruction at `icount`, or before the step there that `is` picks. */
export async function momentAt(
  { timeline }: Ways,
  icount: number,
  is: (one: TrailStep) => boolean = () => true,
): Promise<Moment> {
  const trail = await walkTrail(timeline, icount - STRETCHES[0], icount);
  const index = trail.steps.findIndex((one) => one.icount >= icount && is(one));
  return { trail, index: index < 0 ? trail.steps.length - 1 : index };
}

/** The moment after the instruction at `icount`. */
export async function momentAfter({ timeline }: Ways, icount: number): Promise<Moment> {
  const trail = await walkTrail(timeline, icount - STRETCHES[0], icount);
  return { trail, index: trail.steps.length - 1 };
}

/** Follows a value back from where it was before `moment`. */
export async function wayBack(ways: Ways, place: Place, moment: Moment): Promise<WayBack> {
  const steps: Step[] = [];
  let now: { readonly place: Place; readonly moment: Moment } = { place, moment };
  let previous: Found | undefined;
  for (let n = 0; n < MOST_REPEATS; n++) {
    const found = await writerOf(ways, now.place, now.moment);
    if (typeof found === 'string') return { steps, end: found };
    const isAgain = previous?.step.eip === found.step.eip && previous.source.words === found.source.words;
    if (!isAgain) {
      if (steps.length === ways.hops)
        return { steps, end: `stopped after ${ways.hops} steps: --hops N follows more` };
      steps.push(hopOf(ways, found));
    }
    previous = found;
    if (!found.source.place) return { steps, end: `it came from ${found.source.words}` };
    now = { place: found.source.place, moment: found.moment };
  }
  return { steps, end: 'one instruction repeated too often' };
}

/** The step that put a value into a place, and where that had it from. */
interface Found {
  readonly step: TrailStep;
  readonly icount: number;
  readonly place: Place;
  readonly write: Access | undefined;
  /** After the step; undefined where the trail does not show it. */
  readonly value: number | undefined;
  readonly source: Source;
  /** Before the step. */
  readonly moment: Moment;
}

async function writerOf(ways: Ways, place: Place, moment: Moment): Promise<Found | string> {
  return place.kind === 'register'
    ? await registerWriter(ways, place, moment)
    : await memoryWriter(ways, place, moment);
}

type RegisterPlace = Place & { readonly kind: 'register' };
type MemoryPlace = Place & { readonly kind: 'memory' };

async function registerWriter(ways: Ways, place: RegisterPlace, moment: Moment): Promise<Found | string> {
  let { trail, index } = moment;
  for (const length of [0, ...STRETCHES.slice(1)]) {
    if (length > 0) ({ trail, index } = await longerTrail(ways, { trail, index }, length));
    const { steps } = trail;
    const at = lastSetting(steps, index, place);
    if (at === undefined) continue;
    const value = registerValue(steps[at + 1].registers, place);
    const source = registerSource(steps[at], place);
    const { icount } = steps[at];
    return { step: steps[at], icount, place, write: undefined, value, source, moment: { trail, index: at } };
  }
  return `${placeName(place)} was not set in the last ${STRETCHES[2].toLocaleString('en-US')} instructions`;
}

/** The same moment with so many instructions before it, and none after. */
async function longerTrail({ timeline }: Ways, { trail, index }: Moment, length: number): Promise<Moment> {
  const { icount } = trail.steps[index];
  const firstOf = ({ steps }: Trail) => steps.findIndex((one) => one.icount === icount);
  const longer = await walkTrail(timeline, icount - length, icount);
  return { trail: longer, index: firstOf(longer) + index - firstOf(trail) };
}

/**
 * A step that sets a part of a register leaves the rest as it was: the value is that of the rest, unless there was nothing in it.
 */
function registerSource(one: TrailStep, place: RegisterPlace): Source {
  const set = one.isDelivery ? undefined : one.instruction?.operands[0];
  if (
    set?.kind !== REGISTER ||
    set.size >= place.size ||
    (set.size === 1 ? set.number & 3 : set.number) !== place.number
  )
    return sourceOf(one, place, undefined);
  const narrow = register(set.number, set.size) as RegisterPlace;
  const rest = registerValue(one.registers, place) !== registerValue(one.registers, narrow) || narrow.isHigh;
  return rest
    ? { words: `the previous ${placeName(place)}, with ${placeName(narrow)} changed`, place }
    : sourceOf(one, narrow, undefined);
}

/** Index of the step that set a register last: in the same interrupt frame, if the value outlived those between. */
function lastSetting(trail: Trail['steps'], index: number, place: RegisterPlace): number | undefined {
  const { frameId, registers } = trail[index];
  const find = (inFrame: boolean) => {
    for (let at = index - 1; at >= 0; at--) {
      const one = trail[at];
      if (inFrame && one.frameId !== frameId) continue;
      const changed = registerValue(one.registers, place) !== registerValue(trail[at + 1].registers, place);
      if (changed || (!one.isDelivery && one.instruction && namesAsTarget(one.instruction, place))) return at;
    }
    return undefined;
  };
  const own = find(true);
  const isKept =
    own !== undefined && registerValue(trail[own + 1].registers, place) === registerValue(registers, place);
  return isKept ? own : find(false);
}

async function memoryWriter(ways: Ways, place: MemoryPlace, moment: Moment): Promise<Found | string> {
  const known = lastStores(moment.trail.steps, moment.index, place);
  if (known) return foundStore(moment.trail, place, known);
  const before = moment.trail.steps[moment.index].icount;
  const runs = await ways.lastWriters(place.physical, place.size, before);
  const writes = runs.flatMap(({ last }) => (last.kind === 'write' ? [last.write] : []));
  if (writes.length === 0)
    return `${placeName(place)} were never written: they hold the loaded contents, or zeros`;
  const newest = Math.max(...writes.map(({ icount }) => icount));
  const oldest = Math.max(Math.min(...writes.map(({ icount }) => icount)), newest - STRETCHES[1]);
  const trail = await walkTrail(ways.timeline, oldest - STRETCHES[0], newest);
  const stores = lastStores(trail.steps, indexAfter(trail.steps, newest), place);
  return stores
    ? foundStore(trail, place, stores)
    : `${placeName(place)} were written at icount ${newest}, but the instruction cannot be executed again`;
}

const indexAfter = (trail: Trail['steps'], icount: number): number => {
  const index = trail.findIndex((one) => one.icount > icount);
  return index < 0 ? trail.length : index;
};

/** A write to some of a place, and the index of the step that made it. */
interface Store {
  readonly index: number;
  readonly write: Access;
}

/** The last writes before a step that made the bytes of a place, the newest first; undefined where none made any. */
function lastStores(
  trail: Trail['steps'],
  before: number,
  { physical, size }: MemoryPlace,
): Store[] | undefined {
  const open = new Set(Array.from({ length: size }, (_, n) => physical + n));
  const stores: Store[] = [];
  for (let index = before - 1; index >= 0 && open.size > 0; index--) {
    for (const write of trail[index].accesses.toReversed()) {
      if (!write.isWrite) continue;
      let makes = false;
      for (let at = write.physical; at < write.physical + write.size; at++) makes = open.delete(at) || makes;
      if (makes) stores.push({ index, write });
    }
  }
  return stores.length > 0 ? stores : undefined;
}

/** The newest of several writes counts, but those of one repeated copy or one transfer, which are followed together. */
function foundStore(trail: Trail, place: MemoryPlace, stores: readonly Store[]): Found {
  const { steps } = trail;
  const [newest] = stores;
  const { eip, instruction } = steps[newest.index];
  const isCopy = instruction?.mnemonic === 'movs' && stores.every(({ index }) => steps[index].eip === eip);
  const isTransfer = stores.every(({ write }) => write.by === 'device');
  const together = isCopy || isTransfer;
  const first = together ? stores.reduce((a, b) => (b.write.physical < a.write.physical ? b : a)) : newest;
  const from = Math.max(place.physical, first.write.physical);
  const end = together ? place.physical + place.size : first.write.physical + first.write.size;
  const bytes = Math.min(place.physical + place.size, end) - from;
  const source = sourceOf(steps[first.index], place, first.write);
  return {
    step: steps[newest.index],
    // What a device does on arrival at an instruction comes before it.
    icount: steps[newest.write.by === 'device' ? newest.index + 1 : newest.index].icount,
    place,
    write: first.write,
    value: composed(place, stores),
    source: { ...source, ...part(source.place, place, first.write, from, bytes) },
    moment: { trail, index: together ? Math.min(...stores.map(({ index }) => index)) : newest.index },
  };
}

/** The bytes of a place as its last writes made them, little endian; undefined where some are older than the trail. */
function composed({ physical, size }: MemoryPlace, stores: readonly Store[]): number | undefined {
  const bytes = Array.from({ length: size }, (_, n) => {
    const at = physical + n;
    const store = stores.find(({ write }) => write.physical <= at && at < write.physical + write.size);
    return store && (store.write.value >>> (8 * (at - store.write.physical))) & 0xff;
  });
  return bytes.some((byte) => byte === undefined)
    ? undefined
    : bytes.reduce<number>((value, byte, n) => value + (byte as number) * 2 ** (8 * n), 0);
}

/** The bytes of a source in memory that are those of the place; what is left of the place itself when it is its own source. */
function part(
  source: Place | undefined,
  place: MemoryPlace,
  write: Access,
  from: number,
  bytes: number,
): { place?: Place } {
  if (source?.kind !== 'memory') return {};
  if (source === place) return { place: { ...place, physical: from, size: bytes } };
  return { place: { kind: 'memory', physical: source.physical + (from - write.physical), size: bytes } };
}

function hopOf({ code }: Ways, { step: one, icount, place, write, value, source }: Found): Step {
  const { name, path, line } = code.place(one.eip);
  const byProgram = write === undefined || write.by === 'program';
  const text = byProgram && !one.isDelivery ? instructionText(one) : null;
  const what = write ? WHAT[write.by] : 'register set';
  const shown = value === undefined ? 'the newest part' : hex(value, place.size);
  const where = write
    ? `was written to ${write.by === 'program' ? hex(write.linear, 4) : `physical ${hex(write.physical, 4)}`}`
    : `came into ${placeName(place)}`;
  const by = byProgram ? ` by ${name}${text === null ? '' : ` (${text})`}` : '';
  return step({
    icount,
    what: one.isDelivery && byProgram ? 'delivery' : what,
    ...(byProgram ? { code: name, depth: one.depth, instruction: text } : {}),
    ...(byProgram && path ? { source: `${path}:${line}` } : {}),
    because: `${shown} ${where}${by}, from ${source.words}`,
  });
}

const WHAT = { program: 'stored', walk: 'entry marked', device: 'DMA' } as const;

function instructionText({ code, eip, isWide }: TrailStep): string | null {
  let at = 0;
  const line = disassemble(() => code[at++] ?? 0, eip, isWide);
  return typeof line === 'string' ? null : line.text;
}

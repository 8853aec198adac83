import { IDT_BASE, IDT_LIMIT } from '../../recorder/machine/cpu/state.ts';
import { GENERAL_REGISTERS } from '../../schemas/registers.ts';
import { addressSource, type Place, register, type Source, targetSource } from './sources.ts';
import type { Story } from './story.ts';
import type { Failure, Subject } from './subject.ts';
import { type Moment, momentAfter, momentAt, type WayBack, type Ways, wayBack } from './way-back.ts';

/** The value that a story goes on with: which one, and its way back. */

export interface ValueStory extends WayBack {
  /** The value, in words. */
  readonly of: string;
}

const PAGE_FAULT = 14;
const GATE_BYTES = 8;
const hex8 = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

/**
 * The way back of what the story ends with: the value that was written to a page-table entry; else the address that a page fault was
 * at, or the gate through which an exception could not be delivered. Undefined where it ends with none of these.
 */
export async function valueStory(
  ways: Ways,
  subject: Subject,
  story: Story,
): Promise<ValueStory | undefined> {
  if (story.written) {
    const { icount, ...place } = story.written;
    const moment = await momentAfter(ways, icount);
    return { of: 'the value stored', ...(await wayBack(ways, { kind: 'memory', ...place }, moment)) };
  }
  if (!('failure' in subject)) return undefined;
  const { failure } = subject;
  if (failure.vector === PAGE_FAULT && failure.address !== null) return await addressStory(ways, failure);
  return failure.undelivered ? await gateStory(ways, failure) : undefined;
}

/** The way back of what a place held before the instruction at an icount. */
export async function placeStory(ways: Ways, place: Place, icount: number): Promise<WayBack> {
  return await wayBack(ways, place, await momentAt(ways, icount));
}

async function addressStory(ways: Ways, { icount, address, eip }: Failure): Promise<ValueStory | undefined> {
  const at = (address as number) >>> 0;
  const moment = await momentAt(ways, icount, (one) => one.eip === (eip as number) >>> 0);
  const { trail, index } = moment;
  const isFetch = at === trail.steps[index].eip;
  const of = `the address ${hex8(at)}`;
  if (isFetch && index > 0) {
    const before: Moment = { trail, index: index - 1 };
    return await fromSource(ways, of, targetSource(trail.steps[index - 1]), before);
  }
  return await fromSource(ways, of, addressSource(trail.steps[index], at), moment);
}

async function fromSource(
  ways: Ways,
  of: string,
  source: Source | undefined,
  moment: Moment,
): Promise<ValueStory | undefined> {
  if (!source) return undefined;
  if (!source.place) return { of, steps: [], end: `it came from ${source.words}` };
  return { of, ...(await wayBack(ways, source.place, moment)) };
}

/** The upper half of a gate has its P bit (80386 Programmer's Reference, 9.5). */
async function gateStory(ways: Ways, { icount, vector }: Failure): Promise<ValueStory | undefined> {
  const moment = await momentAt(ways, icount);
  const { i32 } = ways.timeline.machine.mem;
  const gate = GATE_BYTES * (vector as number);
  const of = `the gate of vector ${vector} in the IDT at ${hex8(i32[IDT_BASE])}`;
  if (gate + GATE_BYTES - 1 > i32[IDT_LIMIT])
    return { of, steps: [], end: `the gate is beyond the limit of the IDT, ${i32[IDT_LIMIT].toString(16)}` };
  const physical = ways.timeline.machine.mmu.translateForDebug((i32[IDT_BASE] + gate + 4) | 0);
  if (physical < 0) return { of, steps: [], end: 'the page that contains it is not mapped' };
  return { of, ...(await wayBack(ways, { kind: 'memory', physical, size: 4 }, moment)) };
}

/** The general register of a name as `eax` or `%eax`. */
export function registerNamed(text: string): Place | undefined {
  const number = (GENERAL_REGISTERS as readonly string[]).indexOf(text.replace(/^%/, '').toLowerCase());
  return number < 0 ? undefined : register(number);
}

import { Decoder, type Instruction } from '../../recorder/machine/cpu/decode/decoder.ts';
import { BIG } from '../../recorder/machine/cpu/descriptors.ts';
import { CS } from '../../recorder/machine/cpu/state.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { EveryAccess } from '../../recorder/machine/state/every-access.ts';
import { cpuOf } from '../../replayer/debug/register.ts';
import type { Timeline } from '../../replayer/timeline/timeline.ts';

/** A stretch of a run executed step by step, with the registers before each step and the memory that it touched. */

/** By whom memory was reached: an instruction, the page walk that sets accessed and dirty bits, a bus master. */
export type Agent = 'program' | 'walk' | 'device';

export interface Access {
  readonly by: Agent;
  /** Linear address; 0 but for a program's. */
  readonly linear: number;
  readonly physical: number;
  /** Bytes. */
  readonly size: number;
  readonly isWrite: boolean;
  /** Value read, or memory after the step; zero-extended. */
  value: number;
}

/** An instruction, or the delivery of an interrupt or exception before it. */
export interface TrailStep {
  readonly icount: number;
  /** Linear address of the instruction. */
  readonly eip: number;
  readonly cr3: number;
  readonly depth: number;
  /** Id of the innermost interrupt frame, 0 = none. */
  readonly frameId: number;
  /** EAX to EDI before it, int32. */
  readonly registers: Int32Array;
  /** The bytes at `eip`; empty where nothing is mapped. */
  readonly code: Uint8Array;
  /** CS.D. */
  readonly isWide: boolean;
  /** Undefined for bytes that are none. */
  readonly instruction: Instruction | undefined;
  /** An interrupt or exception was delivered instead. */
  isDelivery: boolean;
  readonly accesses: readonly Access[];
}

export interface Trail {
  readonly steps: readonly TrailStep[];
}

const GENERAL_REGISTERS = 8;
const LONGEST_INSTRUCTION = 15;

/**
 * Executes the steps from icount `from` through those at `until`. The last is where the machine stands then, so that what it was
 * about to do is known even of a processor that shut down.
 */
export async function walkTrail(timeline: Timeline, from: number, until: number): Promise<Trail> {
  await timeline.seek({ icount: Math.max(from, timeline.start), deliveries: 0 });
  const { machine } = timeline;
  let found: Access[] = [];
  const watch: EveryAccess = new EveryAccess(machine.cpu, (linear, physical, size, isWrite, byProgram) => {
    const by: Agent = watch.byDevice ? 'device' : byProgram ? 'program' : 'walk';
    const place = { physical: physical >>> 0, size };
    const value = valueAt(machine, place);
    found.push({ by, linear: by === 'program' ? linear >>> 0 : 0, ...place, isWrite, value });
  });
  const decoder = new Decoder(cpuOf(machine).processor);
  const steps: TrailStep[] = [];
  machine.watchFor(watch);
  try {
    for (;;) {
      const before = timeline.position;
      found = [];
      const here = stepHere(machine, decoder, found);
      steps.push(here);
      if (before.icount > until || !timeline.stepForward()) return { steps };
      here.isDelivery = timeline.position.icount === before.icount;
      for (const access of found) if (access.isWrite) access.value = valueAt(machine, access);
    }
  } finally {
    machine.watchFor(null);
  }
}

function stepHere(machine: Machine, decoder: Decoder, accesses: readonly Access[]): TrailStep {
  const cpu = cpuOf(machine);
  const [, base, , attributes] = cpu.segment(CS);
  const eip = (base + cpu.eip) >>> 0;
  const code = codeAt(machine, eip);
  const isWide = (attributes & BIG) !== 0;
  let at = 0;
  const decoded = code.length > 0 ? decoder.decode(() => code[at++] ?? 0, isWide) : 'undefined';
  const { icount, cr3, depth, frameId } = machine.cpu;
  return {
    ...{ icount, eip, cr3: cr3 >>> 0, depth, frameId, code, isWide, accesses, isDelivery: false },
    registers: Int32Array.from({ length: GENERAL_REGISTERS }, (_, n) => cpu.register(n)),
    instruction: typeof decoded === 'string' ? undefined : decoded,
  };
}

/** Up to as many bytes as an instruction may have, as the page tables map them. */
function codeAt(machine: Machine, eip: number): Uint8Array {
  const { u8, ramBytes } = machine.mem;
  const found = new Uint8Array(LONGEST_INSTRUCTION);
  let length = 0;
  for (let physical = -1; length < LONGEST_INSTRUCTION; length++) {
    const linear = (eip + length) | 0;
    physical = length === 0 || (linear & 0xfff) === 0 ? machine.mmu.translateForDebug(linear) : physical + 1;
    if (physical < 0 || physical >= ramBytes) break;
    found[length] = u8[RAM + physical];
  }
  return found.subarray(0, length);
}

function valueAt({ mem }: Machine, { physical, size }: { physical: number; size: number }): number {
  const at = RAM + physical;
  return size === 1
    ? mem.view.getUint8(at)
    : size === 2
      ? mem.view.getUint16(at, true)
      : mem.view.getUint32(at, true);
}

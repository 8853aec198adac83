import type { ProbeRegister } from '../../../schemas/probe-expression.ts';
import type { Icount, Linear, Physical } from '../../../schemas/units.ts';
import type { ProbedMachine } from '../events/probes.ts';
import type { Core } from './core.ts';
import { BIG } from './descriptors.ts';
import { IF } from './flags.ts';
import * as state from './state.ts';

/** The processor's state for probes. */

const REGISTERS: Readonly<Record<ProbeRegister, number>> = {
  ...{ eax: state.EAX, ecx: state.ECX, edx: state.EDX, ebx: state.EBX },
  ...{ esp: state.ESP, ebp: state.EBP, esi: state.ESI, edi: state.EDI },
  ...{ eip: state.EIP, cr2: state.CR2, cr3: state.CR3 },
};
const baseOf = (segment: number): number => state.SEGMENTS + segment * state.SEGMENT_WORDS + 1;

/** Reads the processor's state between two instructions. */
export class ProbeView implements ProbedMachine {
  private readonly core: Core;
  private readonly delivered: () => number;

  constructor(core: Core, delivered: () => number) {
    this.core = core;
    this.delivered = delivered;
  }

  get icount(): Icount {
    return this.core.f64[state.ICOUNT];
  }
  get deliveries(): number {
    return this.delivered();
  }
  register(name: ProbeRegister): number {
    return this.core.i32[REGISTERS[name]];
  }
  get codeBase(): Linear {
    return this.core.i32[baseOf(state.CS)];
  }
  get stackBase(): Linear {
    return this.core.i32[baseOf(state.SS)];
  }
  get taskState(): Linear {
    return this.core.i32[baseOf(state.TR)];
  }
  get eflags(): number {
    return this.core.flags.eflags;
  }
  get codeBits(): 16 | 32 {
    return this.core.i32[baseOf(state.CS) + 2] & BIG ? 32 : 16;
  }
  get takesInterrupt(): boolean {
    const { i32, pic } = this.core;
    return pic.pending && (i32[state.SYSTEM_FLAGS] & IF) !== 0 && i32[state.SHADOW] === 0;
  }
  translateForDebug(linear: Linear): Physical {
    return this.core.mmu.translateForDebug(linear);
  }
}

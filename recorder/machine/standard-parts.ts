import { Cpu } from './cpu/cpu.ts';
import { CpuState } from './cpu/state.ts';
import { createDevices } from './devices/index.ts';
import type { MachineParts } from './parts.ts';

/** The parts of the real machine. */
export const STANDARD_PARTS: MachineParts = {
  createState: (mem) => new CpuState(mem),
  createCpu: (mem, bus, pic, log, { cpuModel, cpuRevision, eventRevision, fpu }, lines) =>
    new Cpu(mem, bus, pic, log, { model: cpuModel, revision: cpuRevision, eventRevision, fpu, lines }),
  createDevices,
};

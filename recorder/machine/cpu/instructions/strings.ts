import type { Core } from '../core.ts';
import type { Instruction, Operand } from '../decode/decoder.ts';
import { DF, KIND_SUB } from '../flags.ts';
import { CPL, DEBUG_PENDING, EAX, ECX, EDI, EDX, ES, ESI, ICOUNT, RUN_END, SYSTEM_FLAGS } from '../state.ts';
import type { Handlers } from './handler.ts';
import { requirePort } from './ports.ts';
import { FEW, type Run, runCmps, runIns, runMovs, runOuts, runScas, runStos } from './string-runs.ts';

/**
 * String instructions (80386 Programmer's Reference, 3.6 and 17, REP). With a repeat prefix each iteration is a retired
 * instruction of its own: registers are up to date after each, so a fault, an interrupt or the end of the run finds the
 * instruction at its beginning with fewer iterations to go (9.1).
 */

type Iteration = (core: Core, insn: Instruction) => void;

const registerSize = (insn: Instruction): number => insn.addressSize;

function advance(core: Core, insn: Instruction, register: number, size: number): void {
  const by = core.i32[SYSTEM_FLAGS] & DF ? -size : size;
  core.writeRegister(register, registerSize(insn), core.i32[register] + by);
}

const pointer = (core: Core, insn: Instruction, register: number): number =>
  insn.addressSize === 2 ? core.i32[register] & 0xffff : core.i32[register];

/** The source lies in DS or the override's segment, the destination always in ES. */
const segmentOf = (insn: Instruction, operand: Operand): number =>
  operand.number === EDI ? ES : insn.segment;

/** Through the alternate window every iteration's read is an event, as every store is: REPE SCAS may read a whole table of PTEs. */
function load(core: Core, insn: Instruction, operand: Operand): number {
  const { size } = operand;
  const linear = core.access.forRead(segmentOf(insn, operand), pointer(core, insn, operand.number), size);
  if (insn.repeat !== 0 && core.mmu.countsReads(linear)) return core.mmu.readCounted(linear, size, core.cpl);
  return core.access.read(linear, size, core.cpl);
}

function store(core: Core, insn: Instruction, operand: Operand, value: number): void {
  core.access.writeSegment(ES, pointer(core, insn, EDI), operand.size, value);
}

/**
 * Runs `once`, or as many iterations as are left in ECX and in the run. `again` says after each whether a REPE or REPNE
 * goes on. While iterations remain, the next EIP is this instruction's own. `run` executes many at once where that is the same.
 */
function repeated(once: Iteration, run: Run | null, compares = false): Iteration {
  return (core, insn) => {
    if (insn.repeat === 0) {
      once(core, insn);
      return;
    }
    const { i32, f64 } = core;
    const size = registerSize(insn);
    const mask = size === 2 ? 0xffff : -1;
    if ((i32[ECX] & mask) === 0) return;
    // The instruction itself is counted by whoever runs it: this loop counts the iterations before the last.
    core.codeChanged = false;
    for (;;) {
      once(core, insn);
      core.writeRegister(ECX, size, i32[ECX] - 1);
      // It may have been this instruction's own code: the next iteration is fetched anew.
      if (core.codeChanged && !compares && (i32[ECX] & mask) !== 0) {
        core.repeatAgain = true;
        return;
      }
      if ((i32[ECX] & mask) === 0) return;
      if (compares && core.flags.zf() !== (insn.repeat === 0xf3)) return;
      if (f64[ICOUNT] + 1 >= f64[RUN_END] || core.leave || i32[DEBUG_PENDING] !== 0) {
        core.repeatAgain = true;
        return;
      }
      f64[ICOUNT] += 1;
      // All but the last that there is time for, which has the flags and the end.
      const most = Math.min(((i32[ECX] & mask) >>> 0) - 1, f64[RUN_END] - f64[ICOUNT] - 1);
      if (run === null || most < FEW || (i32[SYSTEM_FLAGS] & DF) !== 0) continue;
      const count = run(core, insn, most);
      core.writeRegister(ECX, size, i32[ECX] - count);
      f64[ICOUNT] += count;
    }
  };
}

export const STRING_HANDLERS: Handlers = {
  movs: repeated((core, insn) => {
    const [target, source] = insn.operands;
    store(core, insn, target, load(core, insn, source));
    advance(core, insn, ESI, source.size);
    advance(core, insn, EDI, source.size);
  }, runMovs),
  stos: repeated((core, insn) => {
    const [target, source] = insn.operands;
    store(core, insn, target, core.readRegister(EAX, source.size));
    advance(core, insn, EDI, target.size);
  }, runStos),
  lods: repeated((core, insn) => {
    const [target, source] = insn.operands;
    core.writeRegister(EAX, target.size, load(core, insn, source));
    advance(core, insn, ESI, source.size);
  }, null),
  cmps: repeated(
    (core, insn) => {
      const [first, second] = insn.operands;
      const a = load(core, insn, first);
      const b = load(core, insn, second);
      advance(core, insn, ESI, first.size);
      advance(core, insn, EDI, first.size);
      core.flags.set(KIND_SUB, first.size, (a - b) | 0, a, b);
    },
    runCmps,
    true,
  ),
  scas: repeated(
    (core, insn) => {
      const [accumulator, target] = insn.operands;
      const a = core.readRegister(EAX, accumulator.size);
      const b = load(core, insn, target);
      advance(core, insn, EDI, target.size);
      core.flags.set(KIND_SUB, target.size, (a - b) | 0, a, b);
    },
    runScas,
    true,
  ),
  ins: repeated((core, insn) => {
    const { size } = insn.operands[0];
    const port = core.i32[EDX] & 0xffff;
    requirePort(core, port, size);
    const linear = core.access.forWrite(ES, pointer(core, insn, EDI), size);
    // The port is read once only, so nothing may fault after it.
    core.access.probeWrite(linear, size, core.i32[CPL]);
    core.access.write(linear, size, core.bus.in(port, size as 1 | 2 | 4), core.i32[CPL]);
    advance(core, insn, EDI, size);
    core.leave ||= core.bus.deadlineMoved;
  }, runIns),
  outs: repeated((core, insn) => {
    const source = insn.operands[1];
    const port = core.i32[EDX] & 0xffff;
    requirePort(core, port, source.size);
    const value = load(core, insn, source);
    core.bus.out(port, source.size as 1 | 2 | 4, value);
    advance(core, insn, ESI, source.size);
    core.leave ||= core.bus.deadlineMoved;
  }, runOuts),
};

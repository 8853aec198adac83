import { columnIndex, type EventBatch } from '../../schemas/events.ts';
import { CODE_BYTES, type EndState } from '../../schemas/trace/end-state.ts';
import type { Linear } from '../../schemas/units.ts';
import { CR0_PE } from './control-registers.ts';
import { BIG } from './cpu/descriptors.ts';
import { VM } from './cpu/flags.ts';
import { CPL, CR0, CR3, CS, EIP, HALTED, SEGMENT_WORDS, SEGMENTS, SYSTEM_FLAGS } from './cpu/state.ts';
import type { AbsentReads } from './device.ts';
import { interruptLines } from './devices/pic8259.ts';
import { serialInterrupts } from './devices/uart16550.ts';
import { readTextScreen } from './devices/vga-text.ts';
import { RAM } from './layout.ts';
import type { Machine } from './machine.ts';
import { screenLines } from './text-screen.ts';

/** The state of a machine at the end of its run, for display. */

const EXCEPTION_EIP = columnIndex('exceptions', 'eip');
/** Words of a segment register: selector, base, limit, attributes. */
const CODE_BASE = SEGMENTS + CS * SEGMENT_WORDS + 1;
const CODE_ATTRIBUTES = CODE_BASE + 2;
const NONE: AbsentReads = { port: 0, reads: 0 };

/**
 * Collects the end state of a run. Recorder and replayer pass it the same rungs and events, so that they get the same result. It does not
 * change the machine.
 */
export class EndWatch {
  /** Port reads at the last two rungs, the older first. */
  private atRungs: readonly [AbsentReads, AbsentReads] = [NONE, NONE];
  /** EIP of the last exception; -1 before there was one. */
  private exceptionEip = -1;

  /** Takes every batch of events, in order. */
  take({ tables }: EventBatch): void {
    const { count, columns } = tables.exceptions;
    if (count > 0) this.exceptionEip = columns[EXCEPTION_EIP][count - 1];
  }

  /** Called at each rung of the ladder. */
  rung(machine: Machine): void {
    this.atRungs = [this.atRungs[1], absentReads(machine)];
  }

  /** The current state; all events must have been passed. */
  state(machine: Machine): EndState {
    const { i32 } = machine.mem;
    const base = i32[CODE_BASE];
    const flags = i32[SYSTEM_FLAGS];
    const pc = (base + i32[EIP]) >>> 0;
    // In other modes the base of the faulting code is no longer known.
    const protectedMode = (i32[CR0] & CR0_PE) !== 0 && (flags & VM) === 0;
    const lines = interruptLines(machine.mem);
    const serial = serialInterrupts(machine.mem);
    const screen = readTextScreen(machine.mem);
    const absent = absentReads(machine);
    const [before] = this.atRungs;
    return {
      pc,
      code: codeAt(machine, pc),
      wide: (i32[CODE_ATTRIBUTES] & BIG) !== 0,
      eflags: flags >>> 0,
      cr0: i32[CR0] >>> 0,
      cr3: i32[CR3] >>> 0,
      cpl: i32[CPL],
      halted: i32[HALTED] !== 0,
      irqMask: lines.masked,
      irqRequest: lines.requested,
      uartEnable: serial.enable,
      uartModem: serial.modem,
      uartAsks: serial.asks,
      graphics: screen === null,
      screen: screen ? textOf(screenLines(screen)) : '',
      absentPort: absent.port,
      absentReads: absent.port === before.port ? absent.reads - before.reads : absent.reads,
      exceptionCode:
        protectedMode && this.exceptionEip >= 0
          ? codeAt(machine, (base + this.exceptionEip) >>> 0)
          : new Uint8Array(),
    };
  }
}

const absentReads = ({ devices }: Machine): AbsentReads => ({ ...(devices.bus.absent ?? NONE) });

/** Up to CODE_BYTES bytes at a linear address, as far as mapped. */
function codeAt(machine: Machine, linear: Linear): Uint8Array {
  const bytes: number[] = [];
  for (let n = 0; n < CODE_BYTES; n++) {
    const physical = machine.mmu.translateForDebug((linear + n) | 0);
    if (physical < 0 || physical >= machine.mem.ramBytes) break;
    bytes.push(machine.mem.u8[RAM + physical]);
  }
  return Uint8Array.from(bytes);
}

/** The lines without trailing empty ones. */
const textOf = (lines: readonly string[]): string =>
  lines
    .slice(0, lines.findLastIndex((line) => line !== '') + 1)
    .map((line) => `${line}\n`)
    .join('');

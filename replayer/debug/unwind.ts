import { VM } from '../../recorder/machine/cpu/flags.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { EBP, ESP, RETURN, type Registers } from '../dwarf/call-frames.ts';
import type { Debuggee } from './debuggee.ts';
import type { GuestCode } from './guest-code.ts';
import { interruptFrames } from './interrupt-frames.ts';
import { cpuOf } from './register.ts';

/** Unwinds the stack, also through interrupts, by DWARF or by frame pointers. */

const MAX_FRAMES = 64;
/** Privilege level of a selector. */
const RPL = 3;

/** A frame of the stack. */
export interface UnwoundFrame {
  readonly registers: Registers;
  /** Address of the frame's code; for a caller, within the call, which may be the last instruction of its function. */
  readonly pc: number;
  /** True if it did not call the frame below, but was interrupted by an interrupt or exception. */
  readonly interrupted: boolean;
}

/**
 * The frames of the stack, innermost first: by the kernel's call frame information, otherwise by the CALL that entered code in assembly,
 * otherwise by frame pointers; from a handler to the interrupted code, by the frame that the delivery pushed.
 */
export function unwind(debuggee: Debuggee, code: GuestCode): UnwoundFrame[] {
  const registers = registersOf(debuggee.machine);
  const frames: UnwoundFrame[] = [{ registers, pc: registers[RETURN] ?? 0, interrupted: false }];
  while (frames.length < MAX_FRAMES) {
    const caller = callerOf(frames[frames.length - 1], debuggee, code);
    if (!caller) break;
    frames.push(caller);
  }
  return frames;
}

function registersOf(machine: Machine): Registers {
  const cpu = cpuOf(machine);
  return [...Array.from({ length: 8 }, (_, n) => cpu.register(n) >>> 0), cpu.eip >>> 0];
}

function callerOf(frame: UnwoundFrame, debuggee: Debuggee, code: GuestCode): UnwoundFrame | undefined {
  const { registers, pc } = frame;
  const word = wordsOf(debuggee);
  const known = code.frames.caller(registers.with(RETURN, pc), word);
  if (known) {
    const back = known[RETURN];
    // Stacks grow down: a caller's frame is above.
    if (!back || (known[ESP] ?? 0) <= (registers[ESP] ?? 0)) return undefined;
    // Interrupted code resumes at its own instruction; a call lies before the return address.
    const interrupted = code.frames.isSignal(pc);
    return { registers: known, pc: interrupted ? back : back - 1, interrupted };
  }
  const [esp = 0, ebp = 0] = [registers[ESP], registers[EBP]];
  const [delivery] = interruptFrames(debuggee.machine, esp);
  const called = callerOfAssembly(frame, delivery, code, word);
  if (called) return called;
  if (ebp >= esp && (delivery === undefined || ebp < delivery)) {
    const back = word(ebp + 4);
    if (back !== undefined && code.functionStart(back - 1) !== undefined)
      return {
        registers: registers
          .with(RETURN, back)
          .with(ESP, ebp + 8)
          .with(EBP, word(ebp)),
        pc: back - 1,
        interrupted: false,
      };
  }
  return delivery === undefined ? undefined : interruptedAt(delivery, registers, word);
}

/** Words above ESP that are searched for the return address of a function in assembly. */
const MOST_SAVED = 64;
/** CALL rel32: opcode, and bytes. */
const CALL = 0xe8;
const CALL_BYTES = 5;

/**
 * The caller of code without call frame information, in a kernel that has it for other code. The words that such code has pushed are
 * unknown, but its return address is the nearest word, below the frame of a delivery, that follows a CALL of this function, or a CALL from
 * code with the information to a function without.
 */
function callerOfAssembly(
  { registers, pc }: UnwoundFrame,
  delivery: number | undefined,
  code: GuestCode,
  word: (address: number) => number | undefined,
): UnwoundFrame | undefined {
  const { frames } = code;
  const start = code.functionStart(pc);
  if (frames.isEmpty || frames.knows(pc) || start === undefined) return undefined;
  const esp = registers[ESP] ?? 0;
  const end = Math.min(delivery ?? Number.POSITIVE_INFINITY, esp + 4 * MOST_SAVED);
  for (let slot = esp; slot < end; slot += 4) {
    const back = word(slot);
    if (back === undefined) return undefined;
    const called = calledBefore(back, word);
    const isOther = called !== start && (!frames.knows(back - 1) || frames.knows(called ?? 0));
    if (called === undefined || isOther || code.functionStart(called) !== called) continue;
    return {
      registers: registers.map((_, n) =>
        n === RETURN ? back : n === ESP ? slot + 4 : n === EBP ? registers[EBP] : undefined,
      ),
      pc: back - 1,
      interrupted: false,
    };
  }
  return undefined;
}

/** The address that the CALL before `back` calls, if one is there. */
function calledBefore(back: number, word: (address: number) => number | undefined): number | undefined {
  const opcode = word(back - CALL_BYTES);
  const offset = word(back - CALL_BYTES + 1);
  if (opcode === undefined || offset === undefined || (opcode & 0xff) !== CALL) return undefined;
  return (back + offset) >>> 0;
}

/** Finds the interrupted code if an interrupt entered code without call frame information and without a frame of its own. */
export function interruptedCaller(
  debuggee: Debuggee,
  code: GuestCode,
  registers: Registers,
): { readonly delivery: number; readonly registers: Registers } | undefined {
  const pc = registers[RETURN] ?? 0;
  const word = wordsOf(debuggee);
  if (code.frames.caller(registers, word) || code.info.scopesAt(pc).length > 0) return undefined;
  const caller = callerOf({ registers, pc, interrupted: false }, debuggee, code);
  const [delivery] = interruptFrames(debuggee.machine, registers[ESP] ?? 0);
  return caller?.interrupted && delivery !== undefined
    ? { delivery, registers: caller.registers }
    : undefined;
}

const wordsOf =
  (debuggee: Debuggee) =>
  (address: number): number | undefined => {
    const bytes = debuggee.readMemory('linear', address, 4);
    return bytes.length === 4 ? Buffer.from(bytes).readUInt32LE() : undefined;
  };

/**
 * Registers that a delivery interrupted: EIP, CS and EFLAGS as it pushed them, from another privilege level ESP too (80386 Programmer's
 * Reference, 9.6.1). Of the other registers only EBP is assumed to be unchanged, since handlers leave saving it to the functions that
 * they call.
 */
function interruptedAt(
  delivery: number,
  registers: Registers,
  word: (address: number) => number | undefined,
): UnwoundFrame | undefined {
  const [eip, cs, eflags] = [0, 4, 8].map((at) => word(delivery + at));
  if (eip === undefined || cs === undefined || eflags === undefined) return undefined;
  const isVirtual = (eflags & VM) !== 0;
  const outer = isVirtual || (cs & RPL) !== 0;
  const at = isVirtual ? ((cs & 0xffff) << 4) + eip : eip;
  const esp = outer ? word(delivery + 12) : delivery + 12;
  const found: Registers = registers.map((_, n) =>
    n === RETURN ? at : n === ESP ? esp : n === EBP ? registers[EBP] : undefined,
  );
  return { registers: found, pc: at, interrupted: true };
}

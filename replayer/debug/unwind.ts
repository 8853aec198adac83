import type { Machine } from '../../recorder/machine/machine.ts';
import { EBP, ESP, RETURN, type Registers } from '../dwarf/call-frames.ts';
import type { Debuggee } from './debuggee.ts';
import type { GuestCode } from './guest-code.ts';
import { cpuOf } from './register.ts';

const MAX_FRAMES = 64;

/** A frame of the stack. */
export interface UnwoundFrame {
  readonly registers: Registers;
  /** An address in the code that the frame is at: of a caller the call, which may be the last instruction of its function. */
  readonly pc: number;
}

/**
 * The frames of the stack, innermost first: by the kernel's call frame information, else by its frame pointers. Through the
 * handler of an interrupt to what it interrupted, where the kernel's information says how.
 */
export function unwind(debuggee: Debuggee, code: GuestCode): UnwoundFrame[] {
  const word = (address: number): number | undefined => {
    const bytes = debuggee.readMemory('linear', address, 4);
    return bytes.length === 4 ? Buffer.from(bytes).readUInt32LE() : undefined;
  };
  const registers = registersOf(debuggee.machine);
  const frames: UnwoundFrame[] = [{ registers, pc: registers[RETURN] ?? 0 }];
  while (frames.length < MAX_FRAMES) {
    const frame = frames[frames.length - 1];
    const caller = callerOf(frame, code, word);
    const back = caller?.[RETURN];
    // Stacks grow down: a caller's frame is above.
    if (!caller || !back || (caller[ESP] ?? 0) <= (frame.registers[ESP] ?? 0)) return frames;
    // What was interrupted goes on with the instruction that it was at; a call is before the return address.
    frames.push({ registers: caller, pc: code.frames.isSignal(frame.pc) ? back : back - 1 });
  }
  return frames;
}

function registersOf(machine: Machine): Registers {
  const cpu = cpuOf(machine);
  return [...Array.from({ length: 8 }, (_, n) => cpu.register(n) >>> 0), cpu.eip >>> 0];
}

function callerOf(
  { registers, pc }: UnwoundFrame,
  code: GuestCode,
  word: (address: number) => number | undefined,
): Registers | undefined {
  const known = code.frames.caller(registers.with(RETURN, pc), word);
  if (known) return known;
  const ebp = registers[EBP];
  if (ebp === undefined || ebp < (registers[ESP] ?? 0)) return undefined;
  const back = word(ebp + 4);
  if (back === undefined || code.functionStart(back) === undefined) return undefined;
  return registers
    .with(RETURN, back)
    .with(ESP, ebp + 8)
    .with(EBP, word(ebp));
}

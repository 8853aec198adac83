import type { Machine } from '../../recorder/machine/machine.ts';
import { EBP, ESP, RETURN, type Registers } from '../dwarf/call-frames.ts';
import type { Debuggee } from '../gdb/debuggee.ts';
import { cpuOf } from '../gdb/register.ts';
import type { GuestCode } from './guest-code.ts';

const MAX_FRAMES = 64;

/** The frames of the stack, innermost first: by the kernel's call frame information, else by its frame pointers. */
export function unwind(debuggee: Debuggee, code: GuestCode): Registers[] {
  const word = (address: number): number | undefined => {
    const bytes = debuggee.readMemory('linear', address, 4);
    return bytes.length === 4 ? Buffer.from(bytes).readUInt32LE() : undefined;
  };
  const frames: Registers[] = [registersOf(debuggee.machine)];
  while (frames.length < MAX_FRAMES) {
    const frame = frames[frames.length - 1];
    const caller = callerOf(frame, code, word, frames.length === 1);
    // Stacks grow down: a caller's frame is above.
    if (!caller?.[RETURN] || (caller[ESP] ?? 0) <= (frame[ESP] ?? 0)) return frames;
    frames.push(caller);
  }
  return frames;
}

function registersOf(machine: Machine): Registers {
  const cpu = cpuOf(machine);
  return [...Array.from({ length: 8 }, (_, n) => cpu.register(n) >>> 0), cpu.eip >>> 0];
}

function callerOf(
  frame: Registers,
  code: GuestCode,
  word: (address: number) => number | undefined,
  innermost: boolean,
): Registers | undefined {
  // A return address may be one past the end of a function whose last instruction is the call.
  const pc = frame[RETURN] ?? 0;
  const inside = frame.with(RETURN, innermost ? pc : pc - 1);
  const known = code.frames.caller(inside, word);
  if (known) return known;
  const ebp = frame[EBP];
  if (ebp === undefined || ebp < (frame[ESP] ?? 0)) return undefined;
  const back = word(ebp + 4);
  if (back === undefined || code.functionStart(back) === undefined) return undefined;
  return frame
    .with(RETURN, back)
    .with(ESP, ebp + 8)
    .with(EBP, word(ebp));
}

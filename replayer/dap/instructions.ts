import { basename } from 'node:path';
import { Source } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import type { Debuggee } from '../debug/debuggee.ts';
import { type GuestCode, hex } from '../debug/guest-code.ts';

/** Instructions around an address, for an editor's disassembly view. */

/** The longest instruction, bytes. */
const LONGEST = 15;
/** Maximum believable length of a function in bytes. */
const LONGEST_FUNCTION = 1 << 18;

/** Disassembles at most `count` instructions from `start` up to `end`, in the guest's current mapping. */
export function instructionsFrom(
  debuggee: Debuggee,
  code: GuestCode,
  start: number,
  count: number,
  end = Number.POSITIVE_INFINITY,
): DebugProtocol.DisassembledInstruction[] {
  const instructions: DebugProtocol.DisassembledInstruction[] = [];
  for (let address = start; instructions.length < count && address < end; ) {
    const bytes = debuggee.readMemory('linear', address, LONGEST);
    let at = 0;
    const found = disassemble(() => bytes[at++] ?? 0, address, true);
    const length = typeof found === 'string' ? 1 : found.length;
    const { name, path, line } = code.place(address);
    instructions.push({
      address: hex(address),
      instructionBytes: Buffer.from(bytes.subarray(0, length)).toString('hex'),
      instruction: bytes.length === 0 ? '(not mapped)' : typeof found === 'string' ? '(bad)' : found.text,
      symbol: name,
      ...(path ? { location: new Source(basename(path), path), line: line as number } : {}),
    });
    address += length;
  }
  return instructions;
}

/** Instructions have variable length, so they are counted from the start of the function. */
export function instructionsBefore(
  debuggee: Debuggee,
  code: GuestCode,
  end: number,
  count: number,
): DebugProtocol.DisassembledInstruction[] {
  const entry = code.functionStart(end) ?? end;
  const start = end - entry > LONGEST_FUNCTION ? end : entry;
  const found = instructionsFrom(debuggee, code, start, Number.POSITIVE_INFINITY, end).slice(-count);
  const missing = Array.from({ length: count - found.length }, (_, n) => ({
    address: hex((found[0] ? Number(found[0].address) : end) - (count - found.length) + n),
    instruction: '',
    presentationHint: 'invalid' as const,
  }));
  return [...missing, ...found];
}

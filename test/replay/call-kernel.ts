import { u32 } from './machine-code.ts';
import { multibootElf } from './tiny-kernel.ts';

/**
 * A kernel in machine code that calls: `sum(5)`, which calls itself down to 0, then `twice(n)`, which pops its argument itself, `rounds` times.
 * Then it leaves by the exit port.
 */

const CODE = 0x100010;
const STACK = 0x200000;
const call = (from: number, to: number) => [0xe8, ...u32(to - (from + 5))];

const sumCode = (at: number) => [
  ...[0x8b, 0x44, 0x24, 0x04], //        mov eax, [esp+4]
  ...[0x85, 0xc0], //                    test eax, eax
  ...[0x74, 0x0e], //                    jz done
  ...[0x48, 0x50], //                    dec eax; push eax
  ...call(at + 10, at), //               call sum
  ...[0x83, 0xc4, 0x04], //              add esp, 4
  ...[0x03, 0x44, 0x24, 0x04], //        add eax, [esp+4]
  ...[0xc3], //                    done: ret
];
const TWICE_CODE = [0x8b, 0x44, 0x24, 0x04, 0x01, 0xc0, 0xc2, 0x04, 0x00]; // mov eax, [esp+4]; add eax, eax; ret 4

const MAIN_BYTES = 48;
export const SUM = CODE + MAIN_BYTES;
export const TWICE = SUM + sumCode(SUM).length;
/** Return addresses of the calls in the main program. */
export const AFTER_SUM = CODE + 12;
export const AFTER_TWICE = CODE + 26;

const main = (rounds: number): number[] => [
  ...[0xbc, ...u32(STACK)], //           mov esp, STACK
  ...[0x6a, 0x05], //                    push 5
  ...call(CODE + 7, SUM),
  ...[0x83, 0xc4, 0x04], //              add esp, 4
  ...[0xb9, ...u32(rounds)], //          mov ecx, rounds
  ...[0x51], //                   round: push ecx
  ...call(CODE + 21, TWICE),
  ...[0x49], //                          dec ecx
  ...[0x75, 0xf7], //                    jnz round
  ...[0x31, 0xc0, 0xe6, 0xf4], //        xor eax, eax; out f4, al
  ...[0xf4, 0xeb, 0xfd], //              hlt; jmp back
];

/** The ELF file. */
export function callKernel(rounds: number): Uint8Array {
  const code = main(rounds);
  const gap = new Array<number>(MAIN_BYTES - code.length).fill(0x90);
  return multibootElf([...code, ...gap, ...sumCode(SUM), ...TWICE_CODE]);
}

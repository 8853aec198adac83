import { pagingOn, u16, u32 } from './machine-code.ts';
import { multibootElf } from './tiny-kernel.ts';

/**
 * A kernel that idles as firmware and DOS do: without paging it calls INT 28h again and again, whose handler has a function,
 * and goes to another stack and back. Then it turns paging on, and does the same a few times more.
 */

const ENTRY = 0x100010;
const IDT = 0x200000;
const DIRECTORY = 0x300000;
const TABLE = 0x301000;
const STACK = 0x180000;
const OTHER_STACK = 0x190000;
/** Of its INT. */
export const VECTOR = 0x28;

const HANDLER = [
  ...[0xe8, 1, 0, 0, 0], //   call function
  0xcf, //                    iret
  0xc3, //          function: ret
];
const GDT = [
  ...[0, 0, 0, 0, 0, 0, 0, 0],
  ...[0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0], // 8: code
  ...[0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0], // 10h: data
];

const idle = (rounds: number): number[] => [
  ...[0xb9, ...u32(rounds)], //         mov ecx, rounds
  ...[0xcd, VECTOR], //          again: int 28h
  ...[0x89, 0xe3], //                   mov ebx, esp
  ...[0xbc, ...u32(OTHER_STACK)], //    mov esp, OTHER_STACK
  ...[0x89, 0xdc], //                   mov esp, ebx
  0x49, //                              dec ecx
  ...[0x75, 0xf2], //                   jnz again
];

/** The ELF file of that kernel: `rounds` without paging, `paged` with. */
export function repeatingKernel(rounds: number, paged: number): Uint8Array {
  const gdt = ENTRY + 2;
  const pointers = gdt + GDT.length;
  const handler = pointers + 12;
  const data = [...GDT, ...u16(23), ...u32(gdt), ...u16(0x7ff), ...u32(IDT), ...HANDLER];
  const start = ENTRY + 2 + data.length;
  return multibootElf([
    ...[0xeb, data.length], //                                    jmp start
    ...data,
    ...[0x0f, 0x01, 0x15, ...u32(pointers)], //            start: lgdt [pointers]
    ...[0x0f, 0x01, 0x1d, ...u32(pointers + 6)], //               lidt [pointers + 6]
    ...[0xea, ...u32(start + 21), ...u16(8)], //                  jmp 8:next
    ...[0x66, 0xb8, 0x10, 0, 0x8e, 0xd0], //                next: mov ax, 10h; mov ss, ax
    ...[0xbc, ...u32(STACK)], //                                  mov esp, STACK
    ...[0xc7, 0x05, ...u32(IDT + 8 * VECTOR), ...u32(0x80000 | (handler & 0xffff))], // the gate's low half
    ...[0xc7, 0x05, ...u32(IDT + 8 * VECTOR + 4), ...u32((handler & 0xffff0000) | 0x8e00)], // and high half
    ...idle(rounds),
    ...pagingOn(DIRECTORY, TABLE),
    ...idle(paged),
    ...[0x31, 0xc0, 0xe6, 0xf4], //                               xor eax, eax; out 0xf4, al
    ...[0xf4, 0xeb, 0xfd], //                                     hlt; jmp back
  ]);
}

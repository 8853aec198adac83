import { u16, u32 } from './machine-code.ts';
import { multibootElf } from './tiny-kernel.ts';

/**
 * A kernel in machine code whose program at CPL 3 makes system calls as those of 386BSD do: the number in EAX, the arguments above a return
 * address on its stack, through a call gate of the LDT (`lcall $7,$0`). The carry flag of the return says that a call failed.
 * `write` returns by a far RET, `open` fails, `getpid` returns by IRET, and `exit` leaves by the exit port.
 */

const BASE = 0x100000;
/** The multiboot header comes before the code. */
const CODE = BASE + 16;
const PROGRAM = CODE + 0x100;
const HANDLER = CODE + 0x180;
const GDT = CODE + 0x200;
const LDT = GDT + 64;
const TSS = 0x220000;
const KERNEL_STACK = 0x230000;
export const USER_STACK = 0x240000;
export const SYS = { exit: 1, write: 4, open: 5, getpid: 20 };
/** EIP of each program's CALL through the gate: all come from one routine. */
export const GATE_CALL = PROGRAM + 0x70;

const movToMemory = (address: number, value: number) => [0xc7, 0x05, ...u32(address), ...u32(value)];
const START = [
  ...[0x0f, 0x01, 0x15, ...u32(LDT + 8)], //       lgdt [gdtr]
  ...[0xea, ...u32(CODE + 14), ...u16(8)], //      jmp 8:next
  ...[0x66, 0xb8, ...u16(16)], //            next: mov ax, 16
  ...[0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0], //      mov ds, ax; mov es, ax; mov ss, ax
  ...[0xbc, ...u32(KERNEL_STACK)], //              mov esp, KERNEL_STACK
  ...movToMemory(TSS + 4, KERNEL_STACK), //        ESP0
  ...movToMemory(TSS + 8, 16), //                  SS0
  ...[0x66, 0xb8, ...u16(0x28), 0x0f, 0x00, 0xd8], // mov ax, 0x28; ltr ax
  ...[0x66, 0xb8, ...u16(0x30), 0x0f, 0x00, 0xd0], // mov ax, 0x30; lldt ax
  ...[0x66, 0xb8, ...u16(0x23), 0x8e, 0xd8], //    mov ax, 0x23; mov ds, ax
  ...[0x66, 0xb8, ...u16(0x23), 0x8e, 0xd8], //    mov ax, 0x23; mov ds, ax
  ...[0x6a, 0x23, 0x68, ...u32(USER_STACK)], //    push 0x23; push USER_STACK
  ...[0x6a, 0x1b, 0x68, ...u32(PROGRAM), 0xcb], // push 0x1b; push PROGRAM; retf
];

/** call(number, arguments): pushes the arguments, calls the routine, and drops them. */
function callOf(at: number, number: number, args: readonly number[]): number[] {
  const pushes = args.toReversed().flatMap((value) => [0x68, ...u32(value)]);
  const call = at + pushes.length + 5;
  return [
    ...pushes,
    ...[0xb8, ...u32(number)], //                  mov eax, number
    ...[0xe8, ...u32(GATE_CALL - (call + 5))], //  call routine
    ...[0x83, 0xc4, 4 * args.length], //           add esp, 4 * arguments
  ];
}

const CALLS: readonly (readonly [number, readonly number[]])[] = [
  [SYS.write, [1, 0x5000, 12]],
  [SYS.open, [0x6000, 0, 0]],
  [SYS.getpid, []],
  [SYS.exit, [0]],
];
const ROUTINE = [0x9a, ...u32(0), ...u16(7), 0xc3]; // lcall 7, 0; ret

const WRITE = [0x8b, 0x4c, 0x24, 0x08, 0x8b, 0x41, 0x0c, 0xf8, 0xcb]; // mov ecx, [esp+8]; mov eax, [ecx+12]; clc; retf
const OPEN = [0xb8, ...u32(2), 0xf9, 0xcb]; // mov eax, ENOENT; stc; retf
const GETPID = [
  ...[0x5a, 0x59, 0x6a, 0x02, 0x51, 0x52], // pop edx; pop ecx; push 2; push ecx; push edx
  ...[0xb8, ...u32(35), 0xcf], //             mov eax, 35; iret
];
const EXIT = [0x31, 0xc0, 0xe6, 0xf4, 0xf4]; // xor eax, eax; out 0xf4, al; hlt
/** Skips `code` if EAX is not `number`. */
const when = (number: number, code: readonly number[]) => [0x83, 0xf8, number, 0x75, code.length, ...code];

const descriptor = (base: number, limit: number, access: number, flags: number) => [
  ...[...u16(limit), ...u16(base), (base >>> 16) & 0xff, access],
  ...[(flags << 4) | (limit >>> 16), base >>> 24],
];
const TABLES = [
  ...descriptor(0, 0, 0, 0),
  ...descriptor(0, 0xfffff, 0x9a, 0xc),
  ...descriptor(0, 0xfffff, 0x92, 0xc),
  ...descriptor(0, 0xfffff, 0xfa, 0xc),
  ...descriptor(0, 0xfffff, 0xf2, 0xc),
  ...descriptor(TSS, 0x67, 0x89, 0),
  ...descriptor(LDT, 7, 0x82, 0),
  ...descriptor(0, 0, 0, 0),
  // The call gate: 8:HANDLER, no parameters, DPL 3.
  ...[...u16(HANDLER), ...u16(8), 0, 0xec, ...u16(HANDLER >>> 16)],
  ...[...u16(63), ...u32(GDT)],
];

function placed(pieces: readonly (readonly [number, readonly number[]])[]): number[] {
  const code: number[] = [];
  for (const [address, bytes] of pieces) {
    const gap = address - CODE - code.length;
    if (gap < 0) throw new Error(`the code before ${address.toString(16)} is too long`);
    code.push(...new Array<number>(gap).fill(0x90), ...bytes);
  }
  return code;
}

/** The ELF file. */
export function gateKernel(): Uint8Array {
  const program: number[] = [];
  for (const [number, args] of CALLS) program.push(...callOf(PROGRAM + program.length, number, args));
  const handler = [...when(SYS.write, WRITE), ...when(SYS.open, OPEN), ...when(SYS.getpid, GETPID), ...EXIT];
  return multibootElf(
    placed([
      [CODE, START],
      [PROGRAM, program],
      [GATE_CALL, ROUTINE],
      [HANDLER, handler],
      [GDT, TABLES],
    ]),
  );
}

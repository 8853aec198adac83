import { pagingOn, u16, u32 } from './machine-code.ts';

/**
 * A multiboot kernel of a few dozen instructions, made here so that recording a real guest never depends on a compiler:
 * it maps the first 4 MB onto themselves, turns paging on, rewrites a page-table entry again and again, greets on the
 * debug console and leaves by the exit port.
 */

const BASE = 0x100000;

/** Addresses of the page directory and its one table. */
const DIRECTORY = 0x300000;
const TABLE = 0x301000;

/** The entry that is rewritten: of page 0x380000, which nothing else uses. */
const VICTIM = TABLE + 4 * 0x380;

const code = (rounds: number): number[] => [
  ...pagingOn(DIRECTORY, TABLE),
  ...[0xb9, ...u32(rounds)], //                    mov ecx, rounds
  ...[0x89, 0xc8], //                       round: mov eax, ecx
  ...[0xc1, 0xe0, 0x0c], //                        shl eax, 12
  ...[0x83, 0xc8, 0x03], //                        or eax, 3
  ...[0xa3, ...u32(VICTIM)], //                    mov [VICTIM], eax
  ...[0x0f, 0x01, 0x3d, ...u32(0x380000)], //      invlpg [0x380000]
  ...[0x01, 0x0d, ...u32(0x200000)], //            add [0x200000], ecx
  ...[0x49], //                                    dec ecx
  ...[0x75, 0xe3], //                              jnz round
  ...[0xb0, 0x68, 0xe6, 0xe9], //                  mov al, 'h'; out 0xe9, al
  ...[0xb0, 0x69, 0xe6, 0xe9], //                  mov al, 'i'; out 0xe9, al
  ...[0x31, 0xc0, 0xe6, 0xf4], //                  xor eax, eax; out 0xf4, al
  ...[0xf4, 0xeb, 0xfd], //                        hlt; jmp back
];

const HEADER_FLAGS = 0;
const MULTIBOOT_MAGIC = 0x1badb002;

/** The ELF file of that kernel. */
export const tinyKernel = (rounds: number): Uint8Array => multibootElf(code(rounds));

/** An ELF file of one loadable segment: the multiboot header, then the code, entered at its start. */
export function multibootElf(machineCode: readonly number[]): Uint8Array {
  const multiboot = [
    ...u32(MULTIBOOT_MAGIC),
    ...u32(HEADER_FLAGS),
    ...u32(-(MULTIBOOT_MAGIC + HEADER_FLAGS)),
    ...u32(0),
  ];
  const segment = [...multiboot, ...machineCode];
  const headers = 52 + 32;
  const elfHeader = [
    ...[0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, ...u32(0), ...u32(0)],
    ...u16(2), // executable
    ...u16(3), // i386
    ...u32(1),
    ...u32(BASE + multiboot.length), // entry
    ...u32(52), // program headers
    ...u32(0), // no sections
    ...u32(0),
    ...[...u16(52), ...u16(32), ...u16(1), ...u16(0), ...u16(0), ...u16(0)],
  ];
  const programHeader = [
    ...u32(1), // load
    ...[...u32(headers), ...u32(BASE), ...u32(BASE)],
    ...[...u32(segment.length), ...u32(segment.length)],
    ...u32(7),
    ...u32(4),
  ];
  return Uint8Array.from([...elfHeader, ...programHeader, ...segment]);
}

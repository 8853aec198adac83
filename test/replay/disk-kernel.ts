import { multibootElf } from './tiny-kernel.ts';

/**
 * A kernel that reads sectors with one READ SECTORS and an interrupt each, while it counts down; when it is through it
 * leaves by the exit port, or, without all of them, by an exception that has no gate.
 */

const u32 = (n: number) => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, (n >>> 24) & 0xff];
const store = (at: number, value: number) => [0xc7, 0x05, ...u32(at), ...u32(value)]; // mov dword [at], value
const out = (port: number, value: number) => [
  ...[0x66, 0xba, port & 0xff, port >> 8], // mov dx, port
  ...[0xb0, value, 0xee], //                  mov al, value; out dx, al
];

const ENTRY = 0x100010;
const GDT = 0x200000;
const IDT = 0x201000;
const COUNT = 0x202000;
const BUFFER = 0x203000;
/** IRQ 14, with the slave's vectors from 28h. */
const VECTOR = 0x2e;
export const ALL_READ = 0;

const handler = [
  0x60, //                                     pushad
  ...[0x66, 0xba, 0xf7, 0x01, 0xec], //        mov dx, 0x1f7; in al, dx
  ...[0x66, 0xba, 0xf0, 0x01], //              mov dx, 0x1f0
  ...[0xb9, ...u32(256)], //                   mov ecx, 256
  ...[0xbf, ...u32(BUFFER)], //                mov edi, BUFFER
  ...[0xf3, 0x66, 0x6d], //                    rep insw
  ...[0xff, 0x05, ...u32(COUNT)], //           inc dword [COUNT]
  ...[...out(0xa0, 0x20), ...out(0x20, 0x20)],
  ...[0x61, 0xcf], //                          popad; iretd
];

const setUp = [
  ...[...store(GDT + 8, 0xffff), ...store(GDT + 12, 0x00cf9a00)],
  ...[...store(GDT + 16, 0xffff), ...store(GDT + 20, 0x00cf9200)],
  ...[...store(GDT + 32, 23), ...store(GDT + 36, GDT >>> 16)],
  ...[0x0f, 0x01, 0x15, ...u32(GDT + 32)], //  lgdt
  ...[...store(GDT + 48, 0x7ff | ((IDT & 0xffff) << 16)), ...store(GDT + 52, IDT >>> 16)],
  ...[0x0f, 0x01, 0x1d, ...u32(GDT + 48)], //  lidt
  ...[0xbc, ...u32(0x300000)], //              mov esp, 0x300000
  ...[...out(0x20, 0x11), ...out(0x21, 0x20), ...out(0x21, 4), ...out(0x21, 1), ...out(0x21, 0xfb)],
  ...[...out(0xa0, 0x11), ...out(0xa1, 0x28), ...out(0xa1, 2), ...out(0xa1, 1), ...out(0xa1, 0xbf)],
];

/** The ELF file: so many sectors from the first on, so many instructions to wait for them. */
export function diskKernel(sectors: number, patience: number): Uint8Array {
  const skip = [0xe9, ...u32(handler.length)]; // jmp over the handler
  const at = ENTRY + skip.length;
  return multibootElf([
    ...skip,
    ...handler,
    ...setUp,
    ...[...store(IDT + 8 * VECTOR, (8 << 16) | (at & 0xffff))],
    ...[...store(IDT + 8 * VECTOR + 4, (at & 0xffff0000) | 0x8e00)],
    ...[...out(0x1f2, sectors), ...out(0x1f3, 0), ...out(0x1f4, 0), ...out(0x1f5, 0)],
    ...[...out(0x1f6, 0xe0), ...out(0x1f7, 0x20)],
    ...[0xb9, ...u32(patience), 0xfb, 0xe2, 0xfe], //  mov ecx, patience; sti; loop $
    ...[0x83, 0x3d, ...u32(COUNT), sectors], //        cmp dword [COUNT], sectors
    ...[0x74, 0x02, 0x0f, 0x0b], //                    je done; ud2
    ...[0xb0, ALL_READ, 0xe6, 0xf4], //                mov al, ALL_READ; out 0xf4, al
    ...[0xeb, 0xfe],
  ]);
}

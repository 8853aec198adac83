/**
 * A kernel in machine code, with symbols and no debug information: `body` is interrupted by INT 30h, whose handler is in assembly
 * as kernels have it (PUSHA, a call, POPA, IRET) and calls `work`. It has no compiler's frame, and no call frame information.
 */

const BASE = 0x100000;
const MULTIBOOT = 16;
const VECTOR = 0x30;

const u16 = (n: number) => [n & 255, (n >>> 8) & 255];
const u32 = (n: number) => [...u16(n), ...u16(n >>> 16)];

/** Pieces of code by name, one behind the other; a piece may ask where another is. */
function assemble(pieces: Readonly<Record<string, (at: (name: string) => number) => number[]>>) {
  const addresses = new Map<string, number>();
  const place = () => {
    let at = BASE + MULTIBOOT;
    return Object.entries(pieces).flatMap(([name, bytes]) => {
      addresses.set(name, at);
      const own = bytes((other) => addresses.get(other) ?? 0);
      at += own.length;
      return own;
    });
  };
  place();
  return { code: place(), addresses };
}

/** The displacement of a call or jump of `length` bytes at `here`. */
const relative = (from: number, to: number) => u32(to - from);

const { code, addresses } = assemble({
  start: (at) => [
    ...[0x0f, 0x01, 0x15, ...u32(at('gdtr'))], //  lgdt [gdtr]
    ...[0x0f, 0x01, 0x1d, ...u32(at('idtr'))], //  lidt [idtr]
    ...[0xea, ...u32(at('flat')), ...u16(8)], //   jmp 08:flat
  ],
  flat: (at) => [
    ...[0x66, 0xb8, ...u16(16)], //                mov ax, 10
    ...[0x8e, 0xd0, 0x8e, 0xd8], //                mov ss, ax; mov ds, ax
    ...[0xbc, ...u32(0x200000)], //                mov esp, 200000
    ...[0x31, 0xed], //                            xor ebp, ebp
    ...[0xe8, ...relative(at('flat') + 20, at('body'))], // call body, which does not return
  ],
  body: () => [0x55, 0x89, 0xe5, 0xcd, VECTOR, 0xb0, 0x00, 0xe6, 0xf4, 0xf4], // push ebp; mov ebp, esp; int 30; out f4, 0; hlt
  handler: (at) => [0x60, 0xe8, ...relative(at('handler') + 6, at('work')), 0x61, 0xcf], // pusha; call work; popa; iret
  work: () => [0x55, 0x89, 0xe5, 0x90, 0x5d, 0xc3], // push ebp; mov ebp, esp; nop; pop ebp; ret
  gdtr: (at) => [...u16(23), ...u32(at('gdt'))],
  idtr: (at) => [...u16(8 * VECTOR + 7), ...u32(at('idt'))],
  gdt: () => [...u32(0), ...u32(0), ...u32(0xffff), ...u32(0x00cf9a00), ...u32(0xffff), ...u32(0x00cf9200)],
  idt: (at) => [
    ...Array.from({ length: 8 * VECTOR }, () => 0),
    ...[...u16(at('handler')), ...u16(8), 0, 0x8e, ...u16(at('handler') >>> 16)],
  ],
});

/** Addresses of its functions. */
export const INTERRUPTED = Object.fromEntries(addresses) as Readonly<
  Record<'flat' | 'body' | 'handler' | 'work', number>
>;

/** The ELF file: one segment, .text of it, .symtab and .strtab (System V ABI, chapter 4). */
export function interruptedKernel(): Uint8Array {
  const magic = 0x1badb002;
  const segment = [...u32(magic), ...u32(0), ...u32(-magic), ...u32(0), ...code];
  const functions = ['start', 'flat', 'body', 'handler', 'work'] as const;
  const strings = `\0${functions.map((name) => `${name}\0`).join('')}`;
  const sizeOf = (n: number) =>
    (addresses.get([...functions, 'gdtr'][n + 1]) ?? 0) - (addresses.get(functions[n]) ?? 0);
  const symbols = functions.flatMap((name, n) => [
    ...u32(strings.indexOf(`\0${name}\0`) + 1),
    ...[...u32(addresses.get(name) ?? 0), ...u32(sizeOf(n)), 0x12, 0, ...u16(1)],
  ]);
  const sectionNames = '\0.text\0.symtab\0.strtab\0';
  const headers = 52 + 32;
  const text = { at: headers, bytes: segment };
  const symtab = {
    at: text.at + segment.length,
    bytes: [...Array.from({ length: 16 }, () => 0), ...symbols],
  };
  const strtab = {
    at: symtab.at + symtab.bytes.length,
    bytes: [...Buffer.from(`${strings}${sectionNames}`)],
  };
  const table = strtab.at + strtab.bytes.length;
  const section = (
    name: string,
    type: number,
    flags: number,
    address: number,
    { at, bytes }: typeof text,
    link = 0,
    info = 0,
    size = 0,
  ) => [
    ...u32(name === '' ? 0 : strings.length + sectionNames.indexOf(`\0${name}\0`) + 1),
    ...[
      type,
      flags,
      address,
      type === 0 ? 0 : at,
      type === 0 ? 0 : bytes.length,
      link,
      info,
      1,
      size,
    ].flatMap(u32),
  ];
  return Uint8Array.from([
    ...[0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, ...u32(0), ...u32(0), ...u16(2), ...u16(3), ...u32(1)],
    ...[...u32(BASE + MULTIBOOT), ...u32(52), ...u32(table), ...u32(0)],
    ...[...u16(52), ...u16(32), ...u16(1), ...u16(40), ...u16(4), ...u16(3)],
    ...[1, headers, BASE, BASE, segment.length, segment.length, 7, 4].flatMap(u32),
    ...[...segment, ...symtab.bytes, ...strtab.bytes],
    ...section('', 0, 0, 0, text),
    ...section('.text', 1, 6, BASE, text),
    ...section('.symtab', 2, 0, 0, symtab, 3, 1, 16),
    ...section('.strtab', 3, 0, 0, strtab),
  ]);
}

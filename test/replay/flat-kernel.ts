import { u16, u32 } from './machine-code.ts';
import { multibootElf } from './tiny-kernel.ts';

/**
 * A multiboot kernel with a GDT, a stack and an IDT of its own, made here: it runs `body`, and an exception enters the handler given
 * for its vector. Others cannot be delivered, and end in a triple fault.
 */

const BASE = 0x100000;
/** The multiboot header comes before the code. */
const CODE = BASE + 16;
const IDT = 0x200000;
const STACK = 0x210000;
/** Offsets in the code where things lie that it refers to. */
const HANDLERS = 0x200;
const HANDLER_BYTES = 0x40;
const GDT = 0x400;
const TABLES = GDT + 24;

/** `bytes`, filled up with NOPs. */
function padded(bytes: readonly number[], length: number): number[] {
  if (bytes.length > length) throw new Error(`${bytes.length} bytes of code do not fit ${length}`);
  return [...bytes, ...new Array<number>(length - bytes.length).fill(0x90)];
}

export interface FlatKernel {
  readonly body: readonly number[];
  /** Code of the handlers, by vector: an IRET at least. */
  readonly handlers?: Readonly<Record<number, readonly number[]>>;
}

/** The ELF file. The body begins with interrupts off, at CPL 0, flat, and runs into a loop that never ends. */
export function flatKernel({ body, handlers = {} }: FlatKernel): Uint8Array {
  const entries = Object.entries(handlers);
  const gates = entries.flatMap(([vector], n) => {
    const handler = CODE + HANDLERS + n * HANDLER_BYTES;
    const gate = IDT + 8 * Number(vector);
    return [
      ...[0xc7, 0x05, ...u32(gate), ...u16(handler), ...u16(8)], //             mov dword [gate], 8:handler
      ...[0xc7, 0x05, ...u32(gate + 4), ...u16(0x8e00), ...u16(handler >>> 16)], // 32-bit interrupt gate
    ];
  });
  const start = [
    ...[0x0f, 0x01, 0x15, ...u32(CODE + TABLES)], // lgdt [gdtr]
    ...[0xea, ...u32(CODE + 14), ...u16(8)], //      jmp 8:next
    ...[0x66, 0xb8, ...u16(16)], //            next: mov ax, 16
    ...[0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0], //      mov ds, ax; mov es, ax; mov ss, ax
    ...[0xbc, ...u32(STACK)], //                     mov esp, STACK
    ...gates,
    ...[0x0f, 0x01, 0x1d, ...u32(CODE + TABLES + 6)], // lidt [idtr]
  ];
  const code = padded([...start, ...body, 0xeb, 0xfe], HANDLERS);
  const all = entries.flatMap(([, handler]) => padded(handler, HANDLER_BYTES));
  return multibootElf([
    ...padded([...code, ...all], GDT),
    ...[...u32(0), ...u32(0)],
    ...[...u32(0x0000ffff), ...u32(0x00cf9a00)],
    ...[...u32(0x0000ffff), ...u32(0x00cf9200)],
    ...[...u16(23), ...u32(CODE + GDT)],
    ...[...u16(0x7ff), ...u32(IDT)],
  ]);
}

/** Prints on the debug console. */
export const say = (text: string): number[] =>
  [...Buffer.from(text, 'latin1')].flatMap((byte) => [0xb0, byte, 0xe6, 0xe9]); // mov al, byte; out 0xe9, al

/** Leaves by the exit port. */
export const exitWith = (code: number): number[] => [0xb0, code, 0xe6, 0xf4]; // mov al, code; out 0xf4, al

export const HALT = [0xf4]; // hlt

/** Addresses of the page directory, its one table, and the page that `pageFault` takes away. */
const DIRECTORY = 0x300000;
const TABLE = 0x301000;
export const VICTIM = 0x380000;

/** Maps the first 4 MB onto themselves and turns paging on. */
export const PAGING: readonly number[] = [
  ...[0xbf, ...u32(TABLE), 0xb8, ...u32(3)], //    mov edi, TABLE; mov eax, present | writable
  ...[0x89, 0x07, 0x05, ...u32(0x1000)], //  fill: mov [edi], eax; add eax, 0x1000
  ...[0x83, 0xc7, 0x04], //                        add edi, 4
  ...[0x81, 0xff, ...u32(TABLE + 0x1000)], //      cmp edi, TABLE + 0x1000
  ...[0x75, 0xee], //                              jne fill
  ...[0xc7, 0x05, ...u32(DIRECTORY), ...u32(TABLE | 3)], // mov dword [DIRECTORY], TABLE | 3
  ...[0xb8, ...u32(DIRECTORY), 0x0f, 0x22, 0xd8], // mov eax, DIRECTORY; mov cr3, eax
  ...[0x0f, 0x20, 0xc0, 0x0d, ...u32(0x80000000), 0x0f, 0x22, 0xc0], // mov eax, cr0; or eax, PG; mov cr0, eax
];

/** With PAGING: clears the entry of VICTIM, and reads it. */
export const PAGE_FAULT: readonly number[] = [
  ...[0xc7, 0x05, ...u32(TABLE + (VICTIM >>> 10)), ...u32(0)], // mov dword [entry], 0
  ...[0x0f, 0x01, 0x3d, ...u32(VICTIM)], //        invlpg [VICTIM]
  ...[0xa1, ...u32(VICTIM + 8)], //                mov eax, [VICTIM + 8]
];

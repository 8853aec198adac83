import { u16, u32 } from './machine-code.ts';
import { multibootElf } from './tiny-kernel.ts';

/**
 * A kernel in machine code with a window for passing mappings: the page at E0000000, which it sets to one frame and stores through,
 * round by round. In the middle of each round comes INT 30h, whose handler does what the test asks for: with the window, with CR3 or with
 * CR4.
 */

const BASE = 0x100010;
const VECTOR = 0x30;
export const DIRECTORY = 0x300000;
export const OTHER_DIRECTORY = 0x303000;
const TABLE = 0x301000;
export const WINDOW_TABLE = 0x302000;
export const WINDOW = 0xe0000000;
/** Frames that the window is set to: by the rounds, and by the handler. */
export const FRAME = 0x310000;
export const HANDLER_FRAME = 0x311000;
/** A word that is read, added to and stored. */
export const WORD = 0x320000;

/** mov dword [address], value */
const store = (address: number, value: number) => [0xc7, 0x05, ...u32(address), ...u32(value)];
const INVLPG = [0x0f, 0x01, 0x3d, ...u32(WINDOW)];
const setWindow = (frame: number) => [...store(WINDOW_TABLE, frame | 3), ...INVLPG];
const LOAD_OTHER_CR3 = [0xb8, ...u32(OTHER_DIRECTORY), 0x0f, 0x22, 0xd8]; // mov eax, OTHER; mov cr3, eax
const SET_CR4 = [0x0f, 0x20, 0xe0, 0x83, 0xc8, 0x04, 0x0f, 0x22, 0xe0]; // mov eax, cr4; or eax, 4 (TSD); mov cr4, eax
const CLEAR_CR4 = [0x0f, 0x20, 0xe0, 0x83, 0xe0, 0xfb, 0x0f, 0x22, 0xe0];

/** Deeds of the handler. */
const HANDLERS = {
  nothing: [],
  'changes the window': [...setWindow(HANDLER_FRAME), ...store(WINDOW + 8, 3)],
  'puts the window back': [...setWindow(HANDLER_FRAME), ...store(WINDOW + 8, 3), ...setWindow(FRAME)],
  'loads CR3': LOAD_OTHER_CR3,
  'sets a bit of CR4': SET_CR4,
  'sets and clears it': [...SET_CR4, ...CLEAR_CR4],
} as const;
export type HandlerName = keyof typeof HANDLERS;

/** Deeds of a round: before INT 30h, and after. */
const ROUNDS = {
  /** Uses the window, is interrupted, and uses it without looking. */
  'stores through the window': [[...setWindow(FRAME), ...store(WINDOW, 1)], store(WINDOW + 4, 2)],
  'reads through the window': [
    [...setWindow(FRAME), ...store(WINDOW, 1)],
    [0xa1, ...u32(WINDOW)], // mov eax, [WINDOW]
  ],
  /** Looks at the PTE, and sets the window again if it is another. */
  'sets the window again': [
    [...setWindow(FRAME), ...store(WINDOW, 1)],
    [...setWindow(FRAME), ...store(WINDOW + 4, 2)],
  ],
  /** mov eax, cr3 … mov cr3, eax */
  'writes CR3 back': [
    [0x0f, 0x20, 0xdb], // mov ebx, cr3
    [0x0f, 0x22, 0xdb], // mov cr3, ebx
  ],
  'loads CR3 anew': [
    [0x0f, 0x20, 0xdb],
    [0xbb, ...u32(DIRECTORY), 0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xdb],
  ],
  /** Sets a bit of CR4 of what it read before the interrupt. */
  'changes CR4': [
    [0x0f, 0x20, 0xe3, 0x83, 0xcb, 0x08], // mov ebx, cr4; or ebx, 8 (DE)
    [0x0f, 0x22, 0xe3], // mov cr4, ebx
  ],
  'adds to the word': [
    [0x8b, 0x1d, ...u32(WORD), 0x43], // mov ebx, [WORD]; inc ebx
    [0x89, 0x1d, ...u32(WORD)], // mov [WORD], ebx
  ],
} as const;
export type RoundName = keyof typeof ROUNDS;

export interface WindowKernel {
  readonly round: RoundName;
  readonly handler: HandlerName;
  readonly rounds?: number;
}

/** Fills the table at `to` so that it maps from 0: ecx counts, edi and eax go on. */
const fill = (to: number) => [
  ...[0xbf, ...u32(to)], //        mov edi, to
  ...[0xb8, ...u32(3)], //         mov eax, 3
  ...[0xb9, ...u32(1024)], //      mov ecx, 1024
  ...[0xab, 0x05, ...u32(4096)], // stosd; add eax, 1000h
  ...[0xe2, 0xf8], //              loop -8
];

const GDT = [...u32(0), ...u32(0), ...u32(0xffff), ...u32(0x00cf9a00), ...u32(0xffff), ...u32(0x00cf9200)];

/** The ELF file. */
export function windowKernel({ round, handler, rounds = 3 }: WindowKernel): Uint8Array {
  const [before, after] = ROUNDS[round];
  const interrupt = [0x60, ...HANDLERS[handler], 0x61, 0xcf]; // pusha; …; popa; iret
  const tables = 7 + 7 + 7;
  const handlerAt = BASE + tables;
  const gdtAt = handlerAt + interrupt.length;
  const gdtrAt = gdtAt + GDT.length;
  const idtAt = gdtrAt + 12;
  const gate = [...u16(handlerAt), ...u16(8), 0, 0x8e, ...u16(handlerAt >>> 16)];
  const idt = [...Array.from({ length: 8 * VECTOR }, () => 0), ...gate];
  const data = [
    ...interrupt,
    ...GDT,
    ...[...u16(GDT.length - 1), ...u32(gdtAt)],
    ...[...u16(idt.length - 1), ...u32(idtAt)],
    ...idt,
  ];
  const start = [
    ...[0x0f, 0x01, 0x15, ...u32(gdtrAt)], //         lgdt [gdtr]
    ...[0x0f, 0x01, 0x1d, ...u32(gdtrAt + 6)], //     lidt [idtr]
    ...[0xea, ...u32(idtAt + idt.length), ...u16(8)], // jmp 08:main
  ];
  const body = [...before, 0xcd, VECTOR, ...after];
  const main = [
    ...[0x66, 0xb8, ...u16(16), 0x8e, 0xd0, 0x8e, 0xd8, 0x8e, 0xc0], // mov ax, 10; mov ss, ds, es
    ...[0xbc, ...u32(0x200000)], //                   mov esp, 200000
    ...fill(TABLE),
    ...[DIRECTORY, OTHER_DIRECTORY].flatMap((directory) => [
      ...store(directory, TABLE | 3),
      ...store(directory + 4 * (WINDOW >>> 22), WINDOW_TABLE | 3),
    ]),
    ...store(WINDOW_TABLE, FRAME | 3),
    ...[0xb8, ...u32(DIRECTORY), 0x0f, 0x22, 0xd8], // mov eax, DIRECTORY; mov cr3, eax
    ...[0x0f, 0x20, 0xc0, 0x0d, ...u32(0x80000000), 0x0f, 0x22, 0xc0], // or cr0, PG
    ...[0xa1, ...u32(WINDOW)], //                     mov eax, [WINDOW]: its table is tracked
    ...[0xb9, ...u32(rounds)], //                     mov ecx, rounds
    ...body,
    ...[0x49, 0x0f, 0x85, ...u32(-(body.length + 7))], // dec ecx; jnz body
    ...[0x31, 0xc0, 0xe6, 0xf4], //                   xor eax, eax; out f4, al
    ...[0xf4, 0xeb, 0xfd], //                         hlt; jmp back
  ];
  return multibootElf([...start, ...data, ...main]);
}

import { Prng } from '../../../recorder/capture/prng.ts';
import { ONE_BYTE, TWO_BYTE } from '../../../recorder/machine/cpu/decode/opcodes.ts';
import { LOOP_BYTES, LOOP_SPACING, LOOP_STACK, type LoopKind, type LoopOptions, Loops } from './loops.ts';

/**
 * A Multiboot image that executes random bytes: in real mode, in virtual-8086 mode, or in 16 or 32-bit protected mode at
 * ring 0 or 3, with paging off or on. In protected mode a small kernel takes nearly every exception, by a task gate or
 * an interrupt gate: it draws a new place in the random bytes, changes some of them, and goes there. So code at ring 3
 * runs on for ever; code at ring 0 does until it destroys the kernel. With `loops` the bytes are those of loops.ts instead.
 */

export const MODES = [
  'real',
  'v86',
  'ring 3, 16 bits',
  'ring 3, 32 bits',
  'ring 0, 16 bits',
  'ring 0, 32 bits',
] as const;
export type Mode = (typeof MODES)[number];
/** The modes of loops, by seed. */
const LOOP_MODES: readonly Mode[] = [
  'ring 3, 32 bits',
  'real',
  'ring 0, 32 bits',
  'ring 3, 16 bits',
  'v86',
  'ring 0, 16 bits',
];

/** Physical addresses; linear ones are the same. */
const BASE = 0x100000;
const IDT = 0x101000;
const GDT = 0x101800;
const TSS = 0x101a00;
const HANDLER_TSS = 0x101b00;
const STATE = 0x101c00;
const TABLE_POINTERS = 0x101c10;
const HANDLER = 0x102000;
const STACK_TOP = 0x104000;
const DIRECTORY = 0x105000;
const PAGE_TABLE = 0x106000;
/** Random bytes, and where they are put: 64 KB that real mode reaches, and the first 4 KB of memory. */
const RANDOM = 0x110000;
const RANDOM_BYTES = 0x10000;
export const CODE = 0x20000;
const END = RANDOM + RANDOM_BYTES;
/** Offsets in the random bytes: what handles exceptions of loops in real mode, and its state. */
const REAL_HANDLER = 0x8400;
const REAL_STATE = 0x8500;

/** Selectors. */
const KERNEL_CODE = 0x08;
const KERNEL_DATA = 0x10;
const REAL_CODE = 0x18;
const CODE_16 = 0x20;
const DATA_16 = 0x28;
const USER_CODE_16 = 0x33;
const USER_DATA_16 = 0x3b;
const USER_CODE = 0x43;
const USER_DATA = 0x4b;
const TASK = 0x50;
const HANDLER_TASK = 0x58;
const GDT_ENTRIES = 32;

const VM = 0x20000;
const IF = 0x200;
const AC = 0x40000;

const u16 = (n: number) => [n & 0xff, (n >>> 8) & 0xff];
const u32 = (n: number) => [...u16(n), ...u16(n >>> 16)];

const rows = (table: readonly unknown[], prefix: readonly number[]): number[][] =>
  table.flatMap((entry, code) => (entry === undefined ? [] : [[...prefix, code]]));
/** Opcodes, and what moves control, debug and model-specific registers of which some exist. */
const SNIPPETS: readonly (readonly number[])[] = [
  ...rows(ONE_BYTE, []),
  ...rows(TWO_BYTE, [0x0f]),
  ...rows(TWO_BYTE, [0x66, 0x0f]),
  ...[0xc0, 0xd8, 0xe0, 0xd0].flatMap((modrm) => [
    [0x0f, 0x22, modrm],
    [0x0f, 0x20, modrm],
  ]),
  ...[0xc0, 0xc8, 0xd0, 0xd8, 0xf0, 0xf8].map((modrm) => [0x0f, 0x23, modrm]),
  [0xb9, 0x10, 0, 0, 0, 0x0f, 0x30],
  [0xb9, 0x0e, 0, 0, 0, 0x0f, 0x32],
  [0xba, 0x60, 0, 0, 0, 0xee],
  [0xba, 0x20, 0, 0, 0, 0xee],
  [0xe6, 0x43],
  [0xe6, 0x40],
  [0xe6, 0x70],
  [0xe6, 0x21],
  [0xfb],
];

export interface RandomImage {
  readonly image: Uint8Array;
  readonly mode: Mode;
  readonly paging: boolean;
  /** CR0.AM and EFLAGS.AC are set: accesses at ring 3 are to be aligned, from the 486 on. */
  readonly aligned: boolean;
  /** Exceptions are taken by a task gate, nearly all of them. */
  readonly byTask: boolean;
}

/** `cr4` says whether the processor has CR4. */
export function randomImage(
  seed: number,
  { cr4: hasCr4, loops }: { readonly cr4: boolean; readonly loops?: LoopKind | undefined },
): RandomImage {
  const prng = new Prng(BigInt(seed), 31);
  const below = (n: number) => prng.next() % n;
  const chance = (percent: number) => below(100) < percent;
  const mode = (loops ? LOOP_MODES : MODES)[seed % MODES.length];
  const paging = mode !== 'real' && chance(60);
  const bytes = new Uint8Array(END - BASE);
  const view = new DataView(bytes.buffer);
  const put = (address: number, code: readonly number[]) => bytes.set(code, address - BASE);
  const word = (address: number, value: number) => view.setUint32(address - BASE, value, true);
  for (let at = RANDOM; at < END; at += 4) word(at, prng.next());
  // Bytes alone seldom make a system instruction: rows of the opcode table stand here and there among them.
  for (let at = RANDOM; at < END - 8; at += 4 + below(24)) put(at, SNIPPETS[below(SNIPPETS.length)]);
  const layout = loops ? LOOPS_LAYOUT : BYTES_LAYOUT;
  if (loops) bytes.set(new Loops(prng, loopOptions(loops, mode, paging)).bytes(), RANDOM - BASE);

  // Real mode: vectors into the random bytes, of which the first 4 KB of memory get a copy; most of those of loops to a handler.
  if (mode === 'real') {
    for (let vector = 0; vector < 256; vector++) {
      const to = prng.next() & layout.entryMask;
      word(RANDOM + 0x8000 + vector * 4, ((CODE >>> 4) << 16) | (loops && chance(95) ? REAL_HANDLER : to));
    }
    if (loops) put(RANDOM + REAL_HANDLER, realHandler(prng.next()));
  }

  // --- Descriptor tables: those that the kernel needs, then random ones ----------------------------------------------
  const describe = (selector: number, base: number, limit: number, type: number) => {
    word(GDT + (selector & ~7), (base << 16) | (limit & 0xffff));
    word(GDT + (selector & ~7) + 4, (base & 0xff000000) | ((base >>> 16) & 0xff) | (limit & 0xf0000) | type);
  };
  for (let n = 12; n < GDT_ENTRIES; n++) {
    word(GDT + n * 8, prng.next());
    word(GDT + n * 8 + 4, prng.next() | (chance(80) ? 0x8000 : 0));
  }
  describe(KERNEL_CODE, 0, 0xfffff, 0xc09a00);
  describe(KERNEL_DATA, 0, 0xfffff, 0xc09200);
  describe(REAL_CODE, CODE, 0xffff, 0x009a00);
  describe(CODE_16, CODE, 0xffff, 0x009a00);
  describe(DATA_16, CODE, 0xffff, 0x009200);
  describe(USER_CODE_16, CODE, 0xffff, 0x00fa00);
  describe(USER_DATA_16, CODE, 0xffff, 0x00f200);
  describe(USER_CODE, 0, 0xfffff, 0xc0fa00);
  describe(USER_DATA, 0, 0xfffff, 0xc0f200);
  describe(TASK, TSS, 0xe7, 0x008900);
  describe(HANDLER_TASK, HANDLER_TSS, 0x67, 0x008900);
  const byTask = chance(50);
  for (let vector = 0; vector < 256; vector++) {
    const kind = below(100);
    const open = chance(30) ? 0x6000 : 0;
    if (vector === 8 || (byTask && kind < 90)) {
      word(IDT + vector * 8, HANDLER_TASK << 16);
      word(IDT + vector * 8 + 4, 0x8500 | open);
    } else if (kind < 95) {
      word(IDT + vector * 8, (KERNEL_CODE << 16) | (HANDLER & 0xffff));
      word(IDT + vector * 8 + 4, (HANDLER & 0xffff0000) | (chance(80) ? 0x8e00 : 0x8f00) | open);
    } else {
      word(IDT + vector * 8, prng.next());
      word(IDT + vector * 8 + 4, prng.next());
    }
  }

  // --- Task state segments: random ports allowed, the handler's state ------------------------------------------------
  word(TSS + 4, STACK_TOP);
  word(TSS + 8, KERNEL_DATA);
  view.setUint16(TSS + 0x66 - BASE, 0x68, true);
  for (let at = 0x68; at < 0xe4; at += 4) word(TSS + at, chance(50) ? 0 : prng.next());
  word(HANDLER_TSS + 0x1c, DIRECTORY);
  word(HANDLER_TSS + 0x20, HANDLER);
  word(HANDLER_TSS + 0x24, 2);
  word(HANDLER_TSS + 0x38, STACK_TOP);
  for (const [at, selector] of [
    [0x48, KERNEL_DATA],
    [0x4c, KERNEL_CODE],
    [0x50, KERNEL_DATA],
    [0x54, KERNEL_DATA],
  ])
    word(HANDLER_TSS + at, selector);
  word(STATE, prng.next());

  // --- Page tables: the kernel's pages as they must be, many of the others not ----------------------------------------
  word(DIRECTORY, PAGE_TABLE | 7);
  for (let n = 1; n < 1024; n++) word(DIRECTORY + n * 4, chance(30) ? prng.next() : 0);
  for (let n = 0; n < 1024; n++) {
    const own = n >= BASE >>> 12 && n < RANDOM >>> 12;
    const code = n >= CODE >>> 12 && n < (CODE + RANDOM_BYTES) >>> 12;
    const rights = own ? 3 : code ? 7 & ~(chance(loops ? 4 : 15) ? 1 << below(3) : 0) : below(8);
    // Some pages are others than they seem, page tables among them.
    const frame = own || chance(loops ? 96 : 70) ? n : below(1024);
    word(PAGE_TABLE + n * 4, (frame << 12) | rights);
  }

  put(BASE, header());
  const cr4 = hasCr4 ? [0, 0x10, 0x80, 0x90, 0x1f][below(5)] : -1;
  const writeProtect = chance(50);
  const alignmentMask = chance(50);
  put(
    BASE + 0x40,
    start(mode, paging, cr4, { writeProtect, alignmentMask, timer: loops ? below(TIMER_COUNTS[loops]) : 0 }),
  );
  const flags =
    (chance(85) ? IF : 0) | (chance(50) ? 0x3000 : 0) | (chance(30) ? AC : 0) | (mode === 'v86' ? VM : 0) | 2;
  put(HANDLER, handler(mode, flags, layout));
  const toReal = [0x0f, 0x20, 0xc0, 0x24, 0xfe, 0x0f, 0x22, 0xc0, 0xea, ...u16(0x10), ...u16(CODE >>> 4)];
  if (mode === 'real') put(RANDOM, toReal);
  return { image: bytes, mode, paging, aligned: alignmentMask && (flags & AC) !== 0, byTask };
}

/** Offsets in the code where the kernel goes on, and of words that it changes: what they may be. */
interface Layout {
  readonly entryMask: number;
  readonly changed: number;
  readonly changedMask: number;
  readonly stack: number;
}
const BYTES_LAYOUT: Layout = { entryMask: 0xffff, changed: 0, changedMask: 0xfffc, stack: 0x8000 };
const LOOPS_LAYOUT: Layout = {
  entryMask: (LOOP_BYTES - 1) & -LOOP_SPACING,
  changed: LOOP_BYTES,
  changedMask: 0x1ffc,
  stack: LOOP_STACK,
};

function loopOptions(kind: LoopKind, mode: Mode, paging: boolean): LoopOptions {
  const wide = mode.endsWith('32 bits');
  return {
    kind,
    wide,
    ring0: mode.startsWith('ring 0') || mode === 'real',
    base: wide ? CODE : 0,
    table: PAGE_TABLE + (CODE >>> 12) * 4,
    paging,
    snippets: SNIPPETS,
  };
}

/** Upper halves of the 8254's count: 0 to less than that. */
const TIMER_COUNTS: Readonly<Record<LoopKind, number>> = { short: 24, long: 256 };

/** The same as `handler` does, in real mode: to a loop that is drawn, with segments and a stack as they are to be. */
function realHandler(seed: number): number[] {
  const { entryMask, stack } = LOOPS_LAYOUT;
  const code = [
    ...[0xb8, ...u16(CODE >>> 4)], // mov ax
    ...[0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xe0, 0x8e, 0xd0], // mov ds, es, fs, ss
    ...[0x66, 0xbc, ...u32(stack)], // mov esp
    ...[0x66, 0xa1, ...u16(REAL_STATE)], // mov eax, [REAL_STATE]
    ...[0x66, 0x69, 0xc0, ...u32(1103515245)], // imul eax
    ...[0x66, 0x05, ...u32(12345)], // add eax
    ...[0x66, 0xa3, ...u16(REAL_STATE)],
    ...[0x66, 0x89, 0xc3, 0x66, 0x89, 0xc1, 0x66, 0xc1, 0xe9, 0x08], // mov ebx, eax; mov ecx, eax; shr ecx, 8
    ...[0x81, 0xe1, ...u16(entryMask)], // and cx
    ...[0x66, 0x0f, 0xb7, 0xf3, 0x66, 0x0f, 0xb7, 0xf8], // movzx esi, bx; movzx edi, ax
    ...[0x68, ...u16(IF | 2), 0x68, ...u16(CODE >>> 4), 0x51], // push flags, cs, cx
    ...[0x66, 0x0f, 0xb6, 0xcb, 0xcf], // movzx ecx, bl; iret
  ];
  return [...code, ...new Array(REAL_STATE - REAL_HANDLER - code.length).fill(0x90), ...u32(seed)];
}

/** Multiboot header with addresses (Multiboot Specification, 3.1.3): the file is what lies in memory. */
function header(): number[] {
  const flags = 0x10000;
  const magic = 0x1badb002;
  return [magic, flags, -(magic + flags), BASE, BASE, 0, 0, BASE + 0x40].flatMap(u32);
}

const movEax = (value: number) => [0xb8, ...u32(value)];

/** From the boot loader to the handler, which goes to the random bytes; or to real mode. */
function start(
  mode: Mode,
  paging: boolean,
  cr4: number,
  {
    writeProtect,
    alignmentMask,
    timer,
  }: { readonly writeProtect: boolean; readonly alignmentMask: boolean; readonly timer: number },
): number[] {
  const pointers = TABLE_POINTERS;
  const code = [
    0xfc, // cld
    ...[0xbe, ...u32(RANDOM)], // mov esi, RANDOM
    ...[0xbf, ...u32(CODE)], // mov edi, CODE
    ...[0xb9, ...u32(RANDOM_BYTES / 4)], // mov ecx, ...
    ...[0xf3, 0xa5], // rep movsd
    ...[0xbe, ...u32(RANDOM + 0x8000)],
    ...[0x31, 0xff], // xor edi, edi
    ...[0xb9, ...u32(0x400)],
    ...[0xf3, 0xa5],
    ...store(pointers, GDT_ENTRIES * 8 - 1, GDT),
    ...store(pointers + 8, mode === 'real' ? 0x3ff : 0x7ff, mode === 'real' ? 0 : IDT),
    ...TIMER,
    ...[0xb0, timer, 0xe6, 0x40], // the upper half of the 8254's count
    ...[0x0f, 0x01, 0x15, ...u32(pointers)], // lgdt
    ...[0x0f, 0x01, 0x1d, ...u32(pointers + 8)], // lidt
  ];
  if (mode === 'real') {
    code.push(...movEax(DATA_16));
    for (const segment of [0xd8, 0xc0, 0xe0, 0xe8, 0xd0]) code.push(0x8e, segment); // mov ds, es, fs, gs, ss
    code.push(0xbc, ...u32(0xfff0)); // mov esp
    code.push(0xea, ...u32(0), ...u16(REAL_CODE)); // jmp far
    return code;
  }
  code.push(...movEax(DIRECTORY), 0x0f, 0x22, 0xd8); // mov cr3, eax
  if (cr4 >= 0) code.push(...movEax(cr4 & 0x90), 0x0f, 0x22, 0xe0); // mov cr4, eax
  const cr0 = 0x11 | (paging ? 0x80000000 : 0) | (writeProtect ? 0x10000 : 0) | (alignmentMask ? 0x40000 : 0);
  code.push(...movEax(cr0), 0x0f, 0x22, 0xc0); // mov cr0, eax
  code.push(0xea, ...u32(HANDLER), ...u16(KERNEL_CODE)); // jmp far
  return code;
}

/**
 * Both 8259 with automatic EOI, at vectors 20h and 28h, and the 8254 at some 400 instructions an interrupt: whatever loop the
 * random bytes are caught in, they are taken out of it if IF is set.
 */
const TIMER = [
  [0x20, 0x11],
  [0x21, 0x20],
  [0x21, 0x04],
  [0x21, 0x03],
  [0x21, 0xfa],
  [0xa0, 0x11],
  [0xa1, 0x28],
  [0xa1, 0x02],
  [0xa1, 0x03],
  [0x43, 0x34],
  [0x40, 50],
].flatMap(([port, value]) => [0xb0, value, 0xe6, port]);

/** mov dword/word stores of a table pointer: limit and base. */
const store = (at: number, limit: number, base: number) => [
  ...[0xc7, 0x05, ...u32(at), ...u32(limit)],
  ...[0xc7, 0x05, ...u32(at + 2), ...u32(base)],
];

/** Entered by any exception, from anything, by task gate or not: nothing is assumed of registers or stack. */
function handler(mode: Mode, flags: number, { entryMask, stack, changed, changedMask }: Layout): number[] {
  const wide = mode.endsWith('32 bits');
  const code = [
    ...movEax(KERNEL_DATA),
    ...[0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0], // mov ds, es, ss
    ...[0xbc, ...u32(STACK_TOP)], // mov esp
    ...[0x6a, 0x02, 0x9d], // push 2; popfd: NT and TF off
    ...[0xc6, 0x05, ...u32(GDT + TASK + 5), 0x89], // the task is no longer busy
    ...movEax(TASK),
    ...[0x0f, 0x00, 0xd8], // ltr ax
    ...[0xc6, 0x05, ...u32(GDT + HANDLER_TASK + 5), 0x89],
    ...[0xc7, 0x05, ...u32(TSS + 4), ...u32(STACK_TOP)],
    ...[0xa1, ...u32(STATE)], // mov eax, [STATE]
    ...[0x69, 0xc0, ...u32(1103515245)], // imul eax
    ...[0x05, ...u32(12345)], // add eax
    ...[0xa3, ...u32(STATE)],
    // New bytes somewhere in the code. Where its page is absent this faults, and the next place is drawn.
    ...[0x89, 0xc2, 0xc1, 0xea, 0x0f], // mov edx, eax; shr edx, 15
    ...[0x81, 0xe2, ...u32(changedMask)], // and edx
    ...[0x69, 0xd8, ...u32(0x9e3779b1)], // imul ebx, eax
    ...[0x89, 0x9a, ...u32(CODE + changed)], // mov [edx + CODE], ebx
    // Where to go on.
    ...[0x89, 0xc1, 0xc1, 0xe9, 0x08], // mov ecx, eax; shr ecx, 8
    ...[0x81, 0xe1, ...u32(entryMask)], // and ecx
  ];
  if (wide) code.push(0x81, 0xc1, ...u32(CODE)); // add ecx, CODE
  const stackAt = wide ? CODE + stack : stack;
  const push = (value: number) => code.push(0x68, ...u32(value));
  if (mode === 'v86') {
    for (let n = 0; n < 4; n++) push(CODE >>> 4); // gs, fs, ds, es
    push(CODE >>> 4);
    push(stackAt);
    push(flags);
    push(CODE >>> 4);
  } else if (mode.startsWith('ring 3')) {
    push(wide ? USER_DATA : USER_DATA_16);
    push(stackAt);
    push(flags);
    push(wide ? USER_CODE : USER_CODE_16);
  } else {
    push(flags);
    push(wide ? KERNEL_CODE : CODE_16);
  }
  code.push(0x51); // push ecx
  const data =
    mode === 'v86'
      ? 0
      : mode.startsWith('ring 3')
        ? wide
          ? USER_DATA
          : USER_DATA_16
        : wide
          ? KERNEL_DATA
          : DATA_16;
  if (data) {
    // Through EDX: EAX and EBX are the random ones.
    code.push(0xba, ...u32(data), 0x8e, 0xda, 0x8e, 0xc2, 0x8e, 0xe2); // mov edx; mov ds, es, fs
  }
  code.push(0x89, 0xde, 0x0f, 0xb7, 0xf6); // mov esi, ebx; movzx esi, si
  code.push(0x89, 0xc7, 0x0f, 0xb7, 0xff); // mov edi, eax; movzx edi, di
  if (wide) code.push(0x81, 0xc6, ...u32(CODE), 0x81, 0xc7, ...u32(CODE)); // add esi, edi
  code.push(0x0f, 0xb6, 0xcb); // movzx ecx, bl: string counts stay small
  code.push(0xcf); // iretd
  return code;
}

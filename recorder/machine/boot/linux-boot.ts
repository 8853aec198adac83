import { BadInput } from '../../../schemas/bad-input.ts';
import { latin1Bytes } from '../../../schemas/text-bytes.ts';
import { type MachineMemory, RAM } from '../layout.ts';
import { BASE_END, EXTENDED_START, type LoadedGuest, needMemory, place } from './placement.ts';

/**
 * Loads a bzImage by the 32-bit boot protocol of the Linux kernel's Documentation/x86/boot.rst: the data that its real-mode setup code
 * would get from the BIOS is written into boot_params (the "zero page", zero-page.rst), and the setup code is not run.
 */

export interface LinuxOptions {
  readonly cmdline: string;
  /** Loaded one after another, as the kernel reads concatenated archives. */
  readonly initrds: readonly Uint8Array[];
  /** MachineConfig.bootRevision; before 32, an initrd with a low limit may overlap the kernel. */
  readonly revision: number;
}

/** Offset of the setup header in the image and in boot_params. */
const HEADER = 0x1f1;
/** Offset of the jump over the header; its second byte gives the end of the header. */
const JUMP = 0x200;
const MAGIC_AT = 0x202;
/** "HdrS". */
const MAGIC = 0x53726448;
/** Protocol 2.05 (Linux 2.6.20) has all fields needed here; 2.10 adds init_size. */
const OLDEST = 0x205;

/** Setup header fields, by offset in the image and in boot_params. */
const SETUP_SECTS = 0x1f1;
const VERSION = 0x206;
const TYPE_OF_LOADER = 0x210;
const LOADFLAGS = 0x211;
const CODE32_START = 0x214;
const RAMDISK_IMAGE = 0x218;
const RAMDISK_SIZE = 0x21c;
const HEAP_END = 0x224;
const CMD_LINE_PTR = 0x228;
const INITRD_ADDR_MAX = 0x22c;
const CMDLINE_SIZE = 0x238;
const PREF_ADDRESS = 0x258;
const INIT_SIZE = 0x260;

/** boot_params fields that the setup code would have filled in. */
const SCREEN_INFO = 0x000;
const EXT_MEM_K = 0x002;
const ALT_MEM_K = 0x1e0;
const E820_ENTRIES = 0x1e8;
const E820_TABLE = 0x2d0;
const E820_ENTRY_BYTES = 20;
const E820_RAM = 1;
const E820_RESERVED = 2;

const LOADED_HIGH = 1;
const CAN_USE_HEAP = 0x80;
/** "Undefined" boot loader: one without a number of its own. */
const UNDEFINED_LOADER = 0xff;

/** Physical addresses in low memory. */
const GDT = 0x9000;
const BOOT_PARAMS = 0x10000;
const PARAMS_BYTES = 0x1000;
const COMMAND_LINE = 0x20000;
const PAGE = 4096;

/** __BOOT_CS and __BOOT_DS, and their flat 4 GB descriptors. */
const BOOT_CS = 0x10;
const BOOT_DS = 0x18;
const FLAT_CODE = 0x00cf9b000000ffffn;
const FLAT_DATA = 0x00cf93000000ffffn;

/** Fields of the BIOS data area that early kernel code reads. */
const BDA_COM1 = 0x400;
const BDA_EBDA_SEGMENT = 0x40e;
const BDA_BASE_KB = 0x413;
const COM1 = 0x3f8;

/** True if a file is a Linux kernel image. */
export function isLinuxImage(image: Uint8Array): boolean {
  return image.length > HEADER + 0x100 && viewOf(image).getUint32(MAGIC_AT, true) === MAGIC;
}

/**
 * True if such an image can be entered in 32-bit mode. Linux gives the entry in code32_start; an image that only imitates the header for
 * boot loaders (iPXE's .lkrn) leaves it 0 and starts in real mode.
 */
export const has32BitEntry = (image: Uint8Array): boolean =>
  viewOf(image).getUint32(CODE32_START, true) !== 0;

/** Loads kernel, initrds and boot_params into RAM; `name` identifies the kernel in messages. Throws BadInput. */
export function loadLinux(
  mem: MachineMemory,
  image: Uint8Array,
  { cmdline, initrds, revision }: LinuxOptions,
  name = 'the kernel',
): LoadedGuest {
  const setup = readSetup(image, name);
  place(mem, { physical: EXTENDED_START, bytes: setup.kernel, memoryBytes: setup.kernel.length }, name);
  needMemory(mem, setup.runsUpTo, name);
  const line = latin1Bytes(`${cmdline}\0`);
  if (line.length > setup.commandLineBytes + 1)
    throw new BadInput(
      `the command line has ${line.length - 1} characters, ${name} takes ${setup.commandLineBytes}`,
      'shorten it',
    );
  place(mem, { physical: COMMAND_LINE, bytes: line, memoryBytes: line.length }, 'the command line');
  const initrd = placeInitrds(mem, initrds, setup, revision);
  writeParams(mem, image, initrd);
  writeBiosData(mem);
  return {
    entry: {
      eip: EXTENDED_START,
      eax: 0,
      ebx: 0,
      esi: BOOT_PARAMS,
      codeSelector: BOOT_CS,
      dataSelector: BOOT_DS,
      gdt: writeGdt(mem),
    },
    written: [
      // The BIOS data, the GDT, boot_params and the command line.
      { start: 0, end: COMMAND_LINE + line.length },
      { start: EXTENDED_START, end: EXTENDED_START + setup.kernel.length },
      { start: initrd.start, end: initrd.start + initrd.bytes },
    ],
  };
}

interface Setup {
  /** The protected-mode part of the image. */
  readonly kernel: Uint8Array;
  /** End of the physical memory that the kernel needs before it has read its memory map. */
  readonly runsUpTo: number;
  /** Highest physical address that an initrd may occupy. */
  readonly initrdMax: number;
  /** Longest command line, without its NUL. */
  readonly commandLineBytes: number;
}

function readSetup(image: Uint8Array, name: string): Setup {
  if (!isLinuxImage(image))
    throw new BadInput(`${name} is not a Linux kernel image: it has no setup header`, 'give a bzImage');
  const view = viewOf(image);
  const version = view.getUint16(VERSION, true);
  if (version < OLDEST || (view.getUint8(LOADFLAGS) & LOADED_HIGH) === 0)
    throw new BadInput(
      `${name} is a Linux image of boot protocol ${version >> 8}.${String(version & 0xff).padStart(2, '0')}` +
        `${version < OLDEST ? '' : ' that loads below 1 MB (a zImage)'}: its BIOS setup code would have to run`,
      'boot it from a disk image with a boot loader, or give a bzImage of Linux 2.6.20 or later',
    );
  const sectors = view.getUint8(SETUP_SECTS) || 4;
  const kernel = image.subarray((sectors + 1) * 512);
  if (kernel.length === 0)
    throw new BadInput(`${name}: the Linux image is truncated (${image.length} bytes)`, 'copy it again');
  const preferred = version >= 0x20a ? Number(view.getBigUint64(PREF_ADDRESS, true)) : EXTENDED_START;
  // Before 2.10 the needed memory is not stated; a kernel unpacks to a few times its size.
  const size = version >= 0x20a ? view.getUint32(INIT_SIZE, true) : 4 * kernel.length;
  return {
    kernel,
    runsUpTo: Math.max(preferred, EXTENDED_START) + size,
    initrdMax: view.getUint32(INITRD_ADDR_MAX, true),
    commandLineBytes: version >= 0x206 ? view.getUint32(CMDLINE_SIZE, true) : 255,
  };
}

interface Span {
  readonly start: number;
  readonly bytes: number;
}

/** As high as memory and kernel allow, so that the kernel has room to unpack below. */
function placeInitrds(
  mem: MachineMemory,
  initrds: readonly Uint8Array[],
  setup: Setup,
  revision: number,
): Span {
  if (initrds.length === 0) return { start: 0, bytes: 0 };
  // Each archive begins at a multiple of four bytes.
  const bytes = initrds.reduce((sum, { length }) => sum + ((length + 3) & ~3), 0);
  const top = Math.min(mem.ramBytes, setup.initrdMax + 1);
  const start = (top - bytes) & ~(PAGE - 1);
  if (start < setup.runsUpTo) {
    needMemory(mem, setup.runsUpTo + bytes + PAGE, 'the kernel with its initrd');
    if (revision >= 32)
      throw new BadInput(
        `the initrd has ${bytes} bytes: no room between the kernel's end (0x${setup.runsUpTo.toString(16)}) ` +
          `and the highest address that it accepts (0x${setup.initrdMax.toString(16)})`,
        'make the initrd smaller',
      );
  }
  let at = start;
  for (const initrd of initrds) {
    const memoryBytes = (initrd.length + 3) & ~3;
    place(mem, { physical: at, bytes: initrd, memoryBytes }, 'the initrd');
    at += memoryBytes;
  }
  return { start, bytes };
}

function writeParams(mem: MachineMemory, image: Uint8Array, initrd: Span): void {
  const params = RAM + BOOT_PARAMS;
  mem.u8.fill(0, params, params + PARAMS_BYTES);
  const headerEnd = MAGIC_AT + image[JUMP + 1];
  mem.u8.set(image.subarray(HEADER, headerEnd), params + HEADER);
  const { view } = mem;
  const byte = (offset: number, value: number) => view.setUint8(params + offset, value);
  const half = (offset: number, value: number) => view.setUint16(params + offset, value, true);
  const word = (offset: number, value: number) => view.setUint32(params + offset, value, true);

  byte(TYPE_OF_LOADER, UNDEFINED_LOADER);
  byte(LOADFLAGS, image[LOADFLAGS] | CAN_USE_HEAP);
  half(HEAP_END, 0xfe00);
  word(CODE32_START, EXTENDED_START);
  word(CMD_LINE_PTR, COMMAND_LINE);
  word(RAMDISK_IMAGE, initrd.start);
  word(RAMDISK_SIZE, initrd.bytes);

  const extendedKb = (mem.ramBytes - EXTENDED_START) >>> 10;
  half(EXT_MEM_K, Math.min(extendedKb, 0xfc00));
  word(ALT_MEM_K, extendedKb);
  writeScreenInfo(byte, half);

  const regions = [
    [0, BASE_END, E820_RAM],
    [BASE_END, EXTENDED_START, E820_RESERVED],
    [EXTENDED_START, mem.ramBytes, E820_RAM],
  ];
  byte(E820_ENTRIES, regions.length);
  regions.forEach(([start, end, type], n) => {
    const at = params + E820_TABLE + n * E820_ENTRY_BYTES;
    view.setBigUint64(at, BigInt(start), true);
    view.setBigUint64(at + 8, BigInt(end - start), true);
    view.setUint32(at + 16, type, true);
  });
}

/** struct screen_info: VGA text mode 3, 80x25, a font of 16 lines, the cursor in the corner. */
function writeScreenInfo(byte: (at: number, v: number) => void, half: (at: number, v: number) => void): void {
  byte(SCREEN_INFO + 0x06, 3);
  byte(SCREEN_INFO + 0x07, 80);
  byte(SCREEN_INFO + 0x0e, 25);
  byte(SCREEN_INFO + 0x0f, 1);
  half(SCREEN_INFO + 0x10, 16);
}

function writeBiosData({ view }: MachineMemory): void {
  view.setUint16(RAM + BDA_COM1, COM1, true);
  view.setUint16(RAM + BDA_EBDA_SEGMENT, BASE_END >>> 4, true);
  view.setUint16(RAM + BDA_BASE_KB, BASE_END >>> 10, true);
}

function writeGdt({ view }: MachineMemory): { base: number; limit: number } {
  const descriptor = (selector: number, value: bigint) =>
    view.setBigUint64(RAM + GDT + selector, value, true);
  descriptor(0, 0n);
  descriptor(8, 0n);
  descriptor(BOOT_CS, FLAT_CODE);
  descriptor(BOOT_DS, FLAT_DATA);
  return { base: GDT, limit: BOOT_DS + 7 };
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

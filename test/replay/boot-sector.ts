/**
 * A boot sector made here, and the media it starts from: it reads the next sector by the BIOS, writes it to the one
 * after (but on a CD), prints the text in it by INT 10h and on COM1, and leaves by the exit port.
 */

export const MESSAGE = 'Read by INT 13h, shown by INT 10h.\r\n';
export const EXIT_CODE = 0x2a;
const FAILED = 0xee;

const SECTOR = 512;
const BLOCK = 2048;
/** The address that the text is read to. */
const BUFFER = 0x7e00;
const u16 = (n: number) => [n & 0xff, (n >>> 8) & 0xff];
const u32 = (n: number) => [...u16(n), ...u16(n >>> 16)];

const leave = (code: number) => [0xb0, code, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd]; // mov al, code; out 0xf4, al; hlt; jmp $-1

/** INT 13h, function `ah`, of one sector of track 0; `failed` bytes further on lies the way out. */
const transfer = (ah: number, sector: number, failed: number) => [
  ...[0xb8, 0x01, ah], //                mov ax, ah:1 sector
  ...[0xbb, ...u16(BUFFER)], //          mov bx, BUFFER
  ...[0xb9, ...u16(sector)], //          mov cx, cylinder 0, sector
  ...[0xb6, 0x00], //                    mov dh, head 0
  ...[0xcd, 0x13], //                    int 13h
  ...[0x0f, 0x82, ...u16(failed)], //    jc failed
];
const TRANSFER_BYTES = transfer(0, 0, 0).length;

/** INT 13h, function 42h, with the packet at `packet`. */
const readBlock = (packet: number, failed: number) => [
  ...[0xb4, 0x42, 0xbe, ...u16(packet)], // mov ah, 42h; mov si, packet
  ...[0xcd, 0x13], //                       int 13h
  ...[0x0f, 0x82, ...u16(failed)], //       jc failed
];

const start = [
  ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0], // xor ax, ax; mov ds, ax; mov es, ax
  ...[0xfa, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfb], // cli; mov ss, ax; mov sp, 7c00h; sti
];

const print = [
  ...[0xbe, ...u16(BUFFER)], //          mov si, BUFFER
  ...[0xac, 0x84, 0xc0, 0x74, 0x0e], // next: lodsb; test al, al; jz done
  ...[0x50, 0xb4, 0x0e, 0xbb, 0x07, 0x00, 0xcd, 0x10, 0x58], // push ax; mov ah, 0eh; mov bx, 7; int 10h; pop ax
  ...[0xba, 0xf8, 0x03, 0xee], //        mov dx, 3f8h; out dx, al
  ...[0xeb, 0xec], //                    jmp next
];

const withMark = (code: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(SECTOR);
  bytes.set(code);
  bytes.set([0x55, 0xaa], SECTOR - 2);
  return bytes;
};

const text = (bytes: number): Uint8Array => {
  const block = new Uint8Array(bytes);
  block.set(new TextEncoder().encode(MESSAGE));
  return block;
};

const joined = (size: number, parts: readonly (readonly [at: number, bytes: ArrayLike<number>])[]) => {
  const image = new Uint8Array(size);
  for (const [at, bytes] of parts) image.set(bytes, at);
  return image;
};

/** An image of `sectors` for a floppy or hard disk. */
export function bootDisk(sectors: number): Uint8Array {
  const ending = [...print, ...leave(EXIT_CODE)];
  const code = [
    ...start,
    ...transfer(2, 2, TRANSFER_BYTES + ending.length),
    ...transfer(3, 3, ending.length),
    ...ending,
    ...leave(FAILED),
  ];
  return joined(sectors * SECTOR, [
    [0, withMark(code)],
    [SECTOR, text(SECTOR)],
  ]);
}

const CATALOG = 19;
const BOOT_IMAGE = 20;
const TEXT_BLOCK = 21;
const ascii = (string: string) => [...string].map((c) => c.charCodeAt(0));

/** A CD that boots without emulation (ECMA-119, 8; El Torito 1.0, 2). */
export function bootCd(): Uint8Array {
  const ending = [...print, ...leave(EXIT_CODE)];
  const packetAt = 0x7c00 + 0x180;
  const code = [...start, ...readBlock(packetAt, ending.length), ...ending, ...leave(FAILED)];
  const packet = [16, 0, ...u16(1), ...u16(BUFFER), ...u16(0), ...u32(TEXT_BLOCK), ...u32(0)];
  const boot = withMark(code);
  boot.set(packet, packetAt - 0x7c00);
  const validation = [1, 0, ...u16(0), ...new Array(24).fill(0), ...u16(0), 0x55, 0xaa];
  const sum = validation.reduce((total, byte, i) => total + (i % 2 ? byte << 8 : byte), 0);
  validation.splice(28, 2, ...u16(-sum));
  const entry = [0x88, 0, ...u16(0), 0, 0, ...u16(1), ...u32(BOOT_IMAGE)];
  return joined((TEXT_BLOCK + 1) * BLOCK, [
    [16 * BLOCK, [1, ...ascii('CD001'), 1]],
    [17 * BLOCK, [0, ...ascii('CD001'), 1, ...ascii('EL TORITO SPECIFICATION')]],
    [17 * BLOCK + 0x47, u32(CATALOG)],
    [18 * BLOCK, [255, ...ascii('CD001'), 1]],
    [CATALOG * BLOCK, [...validation, ...entry]],
    [BOOT_IMAGE * BLOCK, boot],
    [TEXT_BLOCK * BLOCK, text(BLOCK)],
  ]);
}

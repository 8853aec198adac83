/** A CD-ROM drive's answers to packet commands (SFF-8020i; MMC-3): one data disc of one session and one track. */

const bytesOf = (...bytes: number[]) => Uint8Array.from(bytes);
const u16 = (n: number) => [(n >>> 8) & 0xff, n & 0xff];
const u32 = (n: number) => [...u16(n >>> 16), ...u16(n)];

const ascii = (text: string, length: number) =>
  [...text.padEnd(length, ' ')].slice(0, length).map((c) => c.charCodeAt(0));

/** IDENTIFY PACKET DEVICE (ATA/ATAPI-4, 8.13): a removable CD-ROM, 12-byte packets, no interrupt for the packet. */
export function identity(): Uint8Array {
  const words = new Uint16Array(256);
  const putString = (at: number, length: number, text: string) => {
    const codes = ascii(text, length * 2);
    for (let i = 0; i < length; i++) words[at + i] = (codes[2 * i] << 8) | codes[2 * i + 1];
  };
  words[0] = 0x8580;
  putString(10, 10, 'R386-CD01');
  putString(23, 4, '1.0');
  putString(27, 20, 'REWIND386 CD-ROM');
  words[49] = 0x0200;
  words[80] = 0x001e;
  return new Uint8Array(words.buffer);
}

export const senseData = (key: number, code: number): Uint8Array =>
  bytesOf(0x70, 0, key, ...u32(0), 10, ...u32(0), code, 0, ...u32(0));

export const inquiry = (): Uint8Array =>
  bytesOf(5, 0x80, 0, 0x21, 31, 0, 0, 0, ...ascii('REWIND', 8), ...ascii('CD-ROM', 16), ...ascii('1.0', 4));

export const capacity = (blocks: number): Uint8Array => bytesOf(...u32(blocks - 1), ...u32(2048));

/** Minutes, seconds, frames of a block: a second has 75, and block 0 lies two seconds in. */
const msf = (block: number) => {
  const frames = block + 150;
  return [0, Math.floor(frames / 75 / 60), Math.floor(frames / 75) % 60, frames % 75];
};

const LEAD_OUT = 0xaa;
const DATA_TRACK = 0x14;

/** READ TOC: formats 0 (tracks) and 1 (sessions); undefined for others. */
export function tableOfContents(
  format: number,
  inMsf: boolean,
  from: number,
  blocks: number,
): Uint8Array | undefined {
  const place = (block: number) => (inMsf ? msf(block) : u32(block));
  if (format === 1) return bytesOf(...u16(10), 1, 1, 0, DATA_TRACK, 1, 0, ...place(0));
  if (format !== 0 || (from > 1 && from !== LEAD_OUT)) return undefined;
  const first = from <= 1 ? [0, DATA_TRACK, 1, 0, ...place(0)] : [];
  const entries = [...first, 0, DATA_TRACK, LEAD_OUT, 0, ...place(blocks)];
  return bytesOf(...u16(entries.length + 2), 1, 1, ...entries);
}

const PROFILE_CD_ROM = 8;

/** GET CONFIGURATION: the profile list, and CD-ROM as the current one. */
export const configuration = (): Uint8Array =>
  bytesOf(...u32(12), 0, 0, ...u16(PROFILE_CD_ROM), ...u16(0), 3, 4, ...u16(PROFILE_CD_ROM), 1, 0);

/** GET EVENT STATUS NOTIFICATION: media events; nothing new, and a medium is present. */
export const eventStatus = (): Uint8Array => bytesOf(...u16(6), 4, 0x10, 0, 2, 0, 0);

/** READ DISC INFORMATION: complete, one session, one track. */
export const discInformation = (): Uint8Array =>
  bytesOf(...u16(32), 0x0e, 1, 1, 1, 1, 0x20, ...Array<number>(26).fill(0));

/** Error recovery (1) and capabilities (2A): reads data discs; tray; 4x. */
const MODE_PAGES: ReadonlyMap<number, readonly number[]> = new Map([
  [0x01, [0x01, 6, 0, 5, 0, 0, 0, 0]],
  [0x2a, [0x2a, 18, 3, 0, 0x70, 0, 0x29, 0, ...u16(706), ...u16(2), ...u16(64), ...u16(706), 0, 0, 0, 0]],
]);
const ALL_PAGES = 0x3f;
const MEDIUM_DATA = 1;

const pages = (page: number): number[] =>
  page === ALL_PAGES ? [...MODE_PAGES.values()].flat() : [...(MODE_PAGES.get(page) ?? [])];

export function modeSense10(page: number): Uint8Array {
  const data = pages(page);
  return bytesOf(...u16(data.length + 6), MEDIUM_DATA, 0, 0, 0, ...u16(0), ...data);
}

export function modeSense6(page: number): Uint8Array {
  const data = pages(page);
  return bytesOf(data.length + 3, MEDIUM_DATA, 0, 0, ...data);
}

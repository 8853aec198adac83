/**
 * CRC32C (Castagnoli, polynomial 0x1edc6f41 reflected; RFC 3720 appendix B.4), eight bytes per step ("slicing by 8": Kounavis and
 * Berry, 2005). It protects each frame of a trace: every change within 32 consecutive bits is found.
 */

const POLYNOMIAL = 0x82f63b78;

/** TABLES[256 * k + b]: the CRC of byte b followed by k zero bytes. */
const TABLES = new Int32Array(8 * 256);
for (let b = 0; b < 256; b++) {
  let crc = b;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  TABLES[b] = crc;
}
for (let i = 256; i < TABLES.length; i++) {
  const before = TABLES[i - 256];
  TABLES[i] = (before >>> 8) ^ TABLES[before & 0xff];
}

/** The CRC of `bytes`, as a u32; `crc` is the result for what came before them. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  let c = ~crc;
  let i = 0;
  for (const end = bytes.length & ~7; i < end; i += 8) {
    c ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    c =
      TABLES[1792 + (c & 0xff)] ^
      TABLES[1536 + ((c >>> 8) & 0xff)] ^
      TABLES[1280 + ((c >>> 16) & 0xff)] ^
      TABLES[1024 + (c >>> 24)] ^
      TABLES[768 + bytes[i + 4]] ^
      TABLES[512 + bytes[i + 5]] ^
      TABLES[256 + bytes[i + 6]] ^
      TABLES[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) c = (c >>> 8) ^ TABLES[(c ^ bytes[i]) & 0xff];
  return ~c >>> 0;
}

/** Reads numbers and texts of DWARF sections, within bounds. */

/** Maximum bytes of a text; longer ones are cut. */
const MAX_TEXT = 4096;
/** Maximum bytes of a 64-bit LEB128 number. */
const MAX_LEB = 10;

/**
 * Reads little-endian numbers and LEB128 (DWARF 5, 7.6) sequentially from bytes, which may come from a stranger. Reading beyond the end
 * or a number beyond 64 bits throws a RangeError.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.view.getUint8(this.at++);
  }
  s8(): number {
    return this.view.getInt8(this.at++);
  }
  u16(): number {
    this.at += 2;
    return this.view.getUint16(this.at - 2, true);
  }
  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  uleb(): number {
    let value = 0;
    let scale = 1;
    for (let n = 0; n < MAX_LEB; n++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) return value;
      scale *= 128;
    }
    throw new RangeError('a number of more than 64 bits');
  }

  sleb(): number {
    let value = 0;
    let scale = 1;
    for (let n = 0; n < MAX_LEB; n++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if ((byte & 0x80) === 0) return byte & 0x40 ? value - scale : value;
    }
    throw new RangeError('a number of more than 64 bits');
  }

  /** The next `length` bytes. */
  block(length: number): Uint8Array {
    this.skip(length);
    return this.bytes.subarray(this.at - length, this.at);
  }

  skip(length: number): void {
    if (!(length <= this.left)) throw new RangeError(`${length} bytes, of which ${this.left} are present`);
    this.at += length;
  }

  /** A text up to a zero byte, which is consumed. */
  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    const stop = end < 0 ? this.bytes.length : end;
    const shown = this.bytes.subarray(this.at, Math.min(stop, this.at + MAX_TEXT));
    this.at = stop + 1;
    return Buffer.from(shown.buffer, shown.byteOffset, shown.length).toString('utf8');
  }
}

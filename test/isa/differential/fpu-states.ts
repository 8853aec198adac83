import { Draws, extended, IMAGE_BYTES, putExtended, REGISTERS_AT } from '../fpu/cases.ts';

/** States that the coprocessor begins a case in, by number; 0 is that after FNINIT. */
export const FPU_STATES = 256;
/** Words of a state as outcomes have it: control and status, empty registers by number, then ST(0) to ST(7) in three each. */
export const FPU_WORDS = 26;
export const FPU_IMAGE_WORDS = IMAGE_BYTES >>> 2;
const EXCEPTIONS = 0x3f;

/** Every rounding, every precision; mostly all exceptions masked, and none pending. */
function image(draws: Draws): Uint8Array {
  const bytes = new Uint8Array(IMAGE_BYTES);
  const view = new DataView(bytes.buffer);
  const masks = draws.below(3) > 0 ? EXCEPTIONS : draws.word() & EXCEPTIONS;
  const control = 0x40 | masks | (draws.pick([0, 2, 3, 3]) << 8) | (draws.below(4) << 10);
  const sticky = draws.below(4) === 0 ? draws.word() & (draws.below(8) === 0 ? EXCEPTIONS : masks) : 0;
  const pending = (sticky & ~control & EXCEPTIONS) !== 0 ? 0x8080 : 0;
  const status = (draws.word() & 0x7f00) | sticky | pending;
  const top = (status >> 11) & 7;
  const empties = draws.pick([0, 0xff, 1 << ((top + 7) & 7), 7 << draws.below(6), draws.word() & 0xff]);
  let tags = 0;
  for (let n = 0; n < 8; n++) if ((empties >> n) & 1) tags |= 3 << (2 * n);
  view.setUint32(0, 0xffff0000 | control, true);
  view.setUint32(4, 0xffff0000 | status, true);
  view.setUint32(8, 0xffff0000 | tags, true);
  let se: number | undefined;
  for (let i = 0; i < 8; i++) {
    const value = extended(draws, se);
    se = value.se;
    putExtended(view, REGISTERS_AT + 10 * i, value);
  }
  return bytes;
}

function initialised(): Uint8Array {
  const bytes = new Uint8Array(IMAGE_BYTES);
  new Uint32Array(bytes.buffer).set([0xffff037f, 0xffff0000, 0xffffffff]);
  return bytes;
}

const draws = new Draws(387);
const images = Array.from({ length: FPU_STATES }, (_, n) => (n === 0 ? initialised() : image(draws)));

/** A state as FRSTOR takes it (108 bytes, as words). */
export const fpuImage = (state: number): Int32Array => new Int32Array(images[state].buffer);

/** The same as outcomes have it. */
export function fpuWords(state: number): number[] {
  const view = new DataView(images[state].buffer);
  let empty = 0;
  for (let n = 0; n < 8; n++) if (((view.getUint16(8, true) >> (2 * n)) & 3) === 3) empty |= 1 << n;
  const words = [view.getUint16(0, true) | (view.getUint16(4, true) << 16), empty];
  for (let at = REGISTERS_AT; at < IMAGE_BYTES; at += 10)
    words.push(view.getInt32(at, true), view.getInt32(at + 4, true), view.getUint16(at + 8, true));
  return words;
}

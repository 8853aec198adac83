import { gunzipSync, gzipSync } from 'node:zlib';
import { type Case, type Outcome, undefinedAtEnd } from './case.ts';

/** A case and what hardware made of it. */
export type Vector = readonly [Case, Outcome];

/**
 * Vectors as a file: gzip of 32-bit words. Of each: address, code bytes, EFLAGS, FS and GS, the flags undefined at the
 * end, eight registers; then EIP, EFLAGS, vector, error code, CR2, five selectors, a mask of the registers that changed
 * and their values, the number of changed words, their addresses and values; then the code, padded.
 */
export function encodeVectors(vectors: readonly Vector[]): Uint8Array {
  const words: number[] = [];
  for (const [one, outcome] of vectors) {
    const { address, code, eflags, fs, gs, registers } = one;
    words.push(address, code.length, eflags, (gs << 16) | fs, undefinedAtEnd(one, outcome.eip), ...registers);
    words.push(outcome.eip, outcome.eflags, outcome.vector, outcome.error, outcome.cr2, ...outcome.selectors);
    const changed = outcome.registers.flatMap((value, n) => (value === (registers[n] | 0) ? [] : [n]));
    words.push(
      changed.reduce((mask, n) => mask | (1 << n), 0),
      ...changed.map((n) => outcome.registers[n]),
    );
    words.push(outcome.changes.length, ...outcome.changes.flat());
    const padded = new Uint8Array((code.length + 3) & ~3);
    padded.set(code);
    words.push(...new Int32Array(padded.buffer));
  }
  return gzipSync(new Uint8Array(Int32Array.from(words).buffer), { level: 9 });
}

export function decodeVectors(file: Uint8Array): Vector[] {
  const bytes = Uint8Array.from(gunzipSync(file));
  const words = new Int32Array(bytes.buffer);
  const vectors: Vector[] = [];
  for (let at = 0; at < words.length; ) {
    const take = (count: number) => words.subarray(at, (at += count));
    const [address, length, eflags, segments, mask] = take(5);
    const registers = [...take(8)];
    const [eip, eflagsAfter, vector, error, cr2, ...selectors] = take(10);
    const [changed] = take(1);
    const after = registers.map((value, n) => ((changed >>> n) & 1 ? take(1)[0] : value));
    const [count] = take(1);
    const pairs = [...take(2 * count)];
    const code = bytes.slice(at * 4, at * 4 + length);
    take((length + 3) >>> 2);
    const changes = Array.from({ length: count }, (_, n): [number, number] => [
      pairs[2 * n],
      pairs[2 * n + 1],
    ]);
    vectors.push([
      {
        address: address >>> 0,
        code,
        eflags,
        registers,
        fs: segments & 0xffff,
        gs: segments >>> 16,
        undefinedFlags: new Map([[(eip - address) | 0, mask]]),
        selfModifying: true,
      },
      { registers: after, eip, eflags: eflagsAfter, vector, error, cr2, selectors, changes },
    ]);
  }
  return vectors;
}

import { gunzipSync, gzipSync } from 'node:zlib';
import { type Case, type Outcome, undefinedAtEnd } from './case.ts';
import { fpuWords } from './fpu-states.ts';

/** A case and what hardware made of it. */
export type Vector = readonly [Case, Outcome];

/**
 * Vectors as a file: gzip of 32-bit words. Of each: address, code bytes, EFLAGS, FS and GS, the coprocessor's state and the
 * flags undefined at the end, eight registers; then EIP, EFLAGS, vector, error code, CR2, five selectors; a mask of the
 * registers that changed and their values, the same of the coprocessor's words; the number of changed words of memory,
 * their addresses and values; then the code, padded.
 */
export function encodeVectors(vectors: readonly Vector[]): Uint8Array {
  const words: number[] = [];
  for (const [one, outcome] of vectors) {
    const { address, code, eflags, fs, gs, fpu, registers } = one;
    const undefinedFlags = undefinedAtEnd(one, outcome.eip);
    words.push(address, code.length, eflags, (gs << 16) | fs, (fpu << 16) | undefinedFlags, ...registers);
    words.push(outcome.eip, outcome.eflags, outcome.vector, outcome.error, outcome.cr2, ...outcome.selectors);
    words.push(...changes(registers, outcome.registers), ...changes(fpuWords(fpu), outcome.fpu));
    words.push(outcome.changes.length, ...outcome.changes.flat());
    const padded = new Uint8Array((code.length + 3) & ~3);
    padded.set(code);
    words.push(...new Int32Array(padded.buffer));
  }
  return gzipSync(new Uint8Array(Int32Array.from(words).buffer), { level: 9 });
}

/** A mask of what changed, and the new values. */
function changes(before: readonly number[], after: readonly number[]): number[] {
  const changed = after.flatMap((value, n) => (value === (before[n] | 0) ? [] : [n]));
  return [changed.reduce((mask, n) => mask | (1 << n), 0), ...changed.map((n) => after[n])];
}

export function decodeVectors(file: Uint8Array): Vector[] {
  const bytes = Uint8Array.from(gunzipSync(file));
  const words = new Int32Array(bytes.buffer);
  const vectors: Vector[] = [];
  for (let at = 0; at < words.length; ) {
    const take = (count: number) => words.subarray(at, (at += count));
    const [address, length, eflags, segments, combined] = take(5);
    const registers = [...take(8)];
    const [eip, eflagsAfter, vector, error, cr2, ...selectors] = take(10);
    const changed = (before: readonly number[]) => {
      const [mask] = take(1);
      return before.map((value, n) => ((mask >>> n) & 1 ? take(1)[0] : value));
    };
    const after = changed(registers);
    const fpu = combined >>> 16;
    const fpuAfter = changed(fpuWords(fpu));
    const [count] = take(1);
    const pairs = [...take(2 * count)];
    const code = bytes.slice(at * 4, at * 4 + length);
    take((length + 3) >>> 2);
    const stored = Array.from({ length: count }, (_, n): [number, number] => [
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
        fpu,
        undefinedFlags: new Map([[(eip - address) | 0, combined & 0xffff]]),
        selfModifying: true,
      },
      {
        registers: after,
        eip,
        eflags: eflagsAfter,
        vector,
        error,
        cr2,
        selectors,
        fpu: fpuAfter,
        changes: stored,
      },
    ]);
  }
  return vectors;
}

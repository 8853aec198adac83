import { gunzipSync, gzipSync } from 'node:zlib';
import { CASE_BYTES, type Draws, ENCODINGS, isMemory, isTranscendental, makeCase } from './cases.ts';

/**
 * Vectors in a file: records of a case and its answer, the answer as the difference (exclusive or) from the case, so that
 * what an instruction leaves alone is zeros; all of it compressed with gzip.
 */
const RECORD_BYTES = 2 * CASE_BYTES;

/** Cases of every instruction, `each` of most; fewer of those that differ from another by the register's number alone. */
export function makeCases(draws: Draws, each: number): Uint8Array {
  const cases: Uint8Array[] = [];
  for (const [opcode, modrm] of ENCODINGS) {
    const alone = opcode === 0xd9 && modrm >= 0xd0;
    const another = !isMemory(modrm) && !alone && (modrm & 7) > 1;
    const count = another ? Math.ceil(each / 8) : isTranscendental(opcode, modrm) ? 2 * each : each;
    for (let n = 0; n < count; n++) {
      const bytes = new Uint8Array(CASE_BYTES);
      makeCase(draws, opcode, modrm, bytes);
      cases.push(bytes);
    }
  }
  return Buffer.concat(cases);
}

export function packVectors(cases: Uint8Array, answers: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 * cases.length);
  for (let n = 0; n < cases.length / CASE_BYTES; n++) {
    for (let at = 0; at < CASE_BYTES; at++) {
      const value = cases[n * CASE_BYTES + at];
      bytes[n * RECORD_BYTES + at] = value;
      bytes[n * RECORD_BYTES + CASE_BYTES + at] = answers[n * CASE_BYTES + at] ^ value;
    }
  }
  return gzipSync(bytes, { level: 9 });
}

export interface Vector {
  readonly test: Uint8Array;
  readonly answer: Uint8Array;
}

export function* unpackVectors(packed: Uint8Array): Generator<Vector> {
  const bytes = gunzipSync(packed);
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    const test = bytes.subarray(at, at + CASE_BYTES);
    const answer = bytes.subarray(at + CASE_BYTES, at + RECORD_BYTES).map((byte, n) => byte ^ test[n]);
    yield { test, answer };
  }
}

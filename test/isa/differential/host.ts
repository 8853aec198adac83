import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Case, Outcome } from './case.ts';
import { FPU_IMAGE_WORDS, FPU_WORDS, fpuImage } from './fpu-states.ts';
import type { Vendor } from './guest.ts';
import { initialMemory, REGIONS } from './memory-map.ts';

const MAGIC = 0x36383372;
const SOURCE = resolve(import.meta.dirname, 'runner.c');
const FLAGS =
  '-m32 -O2 -std=gnu11 -Wall -Wextra -Werror -ffreestanding -nostdlib -static -no-pie -fno-pic -fno-pie ' +
  '-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-toplevel-reorder ' +
  '-fno-tree-loop-distribute-patterns -mno-sse -mno-mmx ' +
  '-Wl,--build-id=none -Wl,-Ttext-segment=0x70000000 -Wl,-z,noexecstack';
/** Words of an outcome before its changes. */
const OUTCOME_WORDS = 19 + FPU_WORDS;
/** Words of a case before its code. */
const CASE_WORDS = 13 + FPU_IMAGE_WORDS;

/** The host's own processor, running cases in a 32-bit process (runner.c). */
export class Host {
  private readonly folder: string;
  private readonly program: string;
  private readonly header: Int32Array;
  /** The end of the last process. */
  ending = '';
  readonly vendor: Vendor = /^vendor_id\s*:\s*AuthenticAMD/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
    ? 'amd'
    : 'intel';

  private constructor(folder: string, program: string) {
    this.folder = folder;
    this.program = program;
    const regions = REGIONS.flatMap(({ address, bytes, writable }) => [address, bytes, writable ? 1 : 0]);
    const memory = new Int32Array(initialMemory().buffer);
    this.header = Int32Array.from([MAGIC, REGIONS.length, ...regions, ...memory]);
  }

  /** Builds the runner; says why not when this host cannot serve. */
  static build(): Host | string {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      return `needs Linux on x86-64, not ${process.platform} on ${process.arch}`;
    const folder = mkdtempSync(join(tmpdir(), 'r386-host-'));
    const program = join(folder, 'runner');
    const gcc = spawnSync('gcc', [...FLAGS.split(' '), '-o', program, SOURCE], { encoding: 'utf8' });
    if (gcc.error || gcc.status !== 0) {
      rmSync(folder, { recursive: true });
      return `needs gcc -m32: ${gcc.error?.message ?? gcc.stderr.trim().split('\n')[0]}`;
    }
    const host = new Host(folder, program);
    const { status } = host.start([]);
    if (status === 0) return host;
    host.close();
    return status === 5
      ? 'needs to map page 2000h: run as root, or with a low vm.mmap_min_addr'
      : `the runner failed (exit ${status})`;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private start(cases: readonly Case[]) {
    const input = cases.map(encode);
    return spawnSync(this.program, [], {
      input: Buffer.concat([Buffer.from(this.header.buffer), ...input]),
      maxBuffer: 256 << 20,
      timeout: 120_000,
    });
  }

  /** Runs cases in one process. Fewer outcomes than cases mean that the one after the last killed the process. */
  run(cases: readonly Case[]): Outcome[] {
    const { stdout, status, signal, error } = this.start(cases);
    this.ending = error ? error.message : (signal ?? `exit ${status}`);
    const words = new Int32Array(
      stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + (stdout.length & ~3)),
    );
    const outcomes: Outcome[] = [];
    for (let at = 0; at + OUTCOME_WORDS <= words.length; ) {
      const count = words[at + OUTCOME_WORDS - 1];
      const end = at + OUTCOME_WORDS + 2 * count;
      if (end > words.length) break;
      const changes: [number, number][] = [];
      for (let n = at + OUTCOME_WORDS; n < end; n += 2) changes.push([words[n], words[n + 1]]);
      outcomes.push({
        registers: [...words.subarray(at, at + 8)],
        eip: words[at + 8],
        eflags: words[at + 9],
        vector: words[at + 10],
        error: words[at + 11],
        cr2: words[at + 12],
        selectors: [...words.subarray(at + 13, at + 18)],
        fpu: [...words.subarray(at + 18, at + 18 + FPU_WORDS)],
        changes,
      });
      at = end;
    }
    return outcomes;
  }
}

function encode({ address, code, eflags, registers, fs, gs, fpu }: Case): Uint8Array {
  const words = new Int32Array(CASE_WORDS + ((code.length + 3) >>> 2));
  words.set([address, code.length, eflags, ...registers, fs, gs, ...fpuImage(fpu)]);
  const bytes = new Uint8Array(words.buffer);
  bytes.set(code, CASE_WORDS * 4);
  return bytes;
}

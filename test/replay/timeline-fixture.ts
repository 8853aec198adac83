import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtinDisk } from '../../analysis/cli/builtin-guest.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import type { Watch } from '../../recorder/machine/stops.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { TraceReader } from '../../replayer/trace-reader.ts';
import { runGuest } from '../guest/built-in.ts';

/** The run in which a disk interrupt hijacks a fork (docs/guest.md). */
export const HIJACK = {
  /** icount of the store that goes into the page table of a stranger, and of the interrupt before. */
  icount: 22_712_557,
  interrupt: 22_711_849,
  /** The PTE in the alternate map, and where it lies. */
  linear: 0xfffbfef8,
  symbol: 'pmap_enter+0x15d',
} as const;

export const HIJACKED: Watch = {
  space: 'linear',
  first: HIJACK.linear,
  last: HIJACK.linear + 3,
  reads: false,
  writes: true,
};

export interface HijackTrace {
  readonly file: string;
  readonly reader: TraceReader;
  newSession(): ForwardSession;
  remove(): void;
}

/** Records it. */
export async function hijackTrace(): Promise<HijackTrace> {
  const folder = mkdtempSync(join(tmpdir(), 'r386-timeline-'));
  const file = join(folder, 'run.r386');
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: file });
  const reader = TraceReader.open(file);
  return {
    file,
    reader,
    newSession: () => ForwardSession.open(reader, { build: buildMachine, builtinDisk }),
    remove: () => {
      reader.close();
      rmSync(folder, { recursive: true });
    },
  };
}

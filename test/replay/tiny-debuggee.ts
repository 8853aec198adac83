import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { Debuggee } from '../../replayer/debug/debuggee.ts';
import { Monitor } from '../../replayer/debug/monitor.ts';
import { GdbStub } from '../../replayer/gdb/stub.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { tinyKernel } from './tiny-kernel.ts';

export interface TinyDebuggee {
  readonly file: string;
  readonly reader: TraceReader;
  readonly debuggee: Debuggee;
  readonly monitor: Monitor;
  readonly stub: GdbStub;
  /** Notes that the debuggee gave. */
  readonly notes: string[];
  remove(): void;
}

/** A recording of some ten thousand instructions, at its end, for tests of what speaks with debuggers. */
export async function tinyDebuggee(image: Uint8Array = tinyKernel(300)): Promise<TinyDebuggee> {
  const folder = mkdtempSync(join(tmpdir(), 'r386-tiny-'));
  const file = join(folder, 'tiny.r386');
  await record({
    build: buildMachine,
    toolVersion: 'test',
    guestName: 'tiny',
    boot: { kind: 'multiboot', name: 'tiny', image, commandLine: '', modules: [] },
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
    profile: NO_PROFILE,
    seed: 1n,
    instructions: 1e5,
    checkpoints: { every: 0 },
    output: file,
  });
  const reader = TraceReader.open(file);
  const notes: string[] = [];
  const session = ForwardSession.open(reader, { build: buildMachine });
  // A machine of its own is small: so is what is kept of it.
  const debuggee = new Debuggee(session, { spacing: 4096, budget: 8 << 20 }, (text) => notes.push(text));
  const monitor = new Monitor(debuggee, reader);
  const stub = new GdbStub(debuggee, monitor);
  await debuggee.goto({ icount: reader.endIcount, deliveries: 0 });
  return {
    file,
    reader,
    debuggee,
    monitor,
    stub,
    notes,
    remove: () => {
      reader.close();
      rmSync(folder, { recursive: true });
    },
  };
}

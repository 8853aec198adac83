import type { Readable, Writable } from 'node:stream';
import { buildMachine } from '../../../recorder/machine/build.ts';
import { GuestCode } from '../../../replayer/dap/guest-code.ts';
import { RewindDebugSession } from '../../../replayer/dap/session.ts';
import { Debuggee } from '../../../replayer/gdb/debuggee.ts';
import { type DebugFinding, Monitor } from '../../../replayer/gdb/monitor.ts';
import { ForwardSession } from '../../../replayer/timeline/forward-session.ts';
import type { TraceReader } from '../../../replayer/trace-reader.ts';
import { unpack } from '../../../schemas/compression.ts';
import { builtinDebugFile, builtinDisk, builtinSources } from '../builtin-guest.ts';

export interface DapRequest {
  readonly reader: TraceReader;
  readonly findings: () => Promise<readonly DebugFinding[]>;
  /** Begin at this icount, or at this finding; default: the end. */
  readonly at: number | undefined;
  readonly finding: number | undefined;
  /** Where the client is. */
  readonly input: Readable;
  readonly output: Writable;
}

/** Speaks the Debug Adapter Protocol with an editor until it disconnects. */
export async function serveDap({ reader, findings, at, finding, input, output }: DapRequest): Promise<void> {
  const { guest } = reader.header;
  const session = ForwardSession.open(reader, { build: buildMachine, builtinDisk });
  let dap: RewindDebugSession | undefined;
  const debuggee = new Debuggee(session, {}, (text) => dap?.say(text));
  const monitor = new Monitor(debuggee, reader, { findings });
  const debugFile = guest.image && builtinDebugFile(unpack(guest.image.contents));
  const code = new GuestCode(guest, { debugFile, ...(debugFile ? { sources: builtinSources() } : {}) });
  dap = new RewindDebugSession({
    debuggee,
    monitor,
    code,
    enter: async () => {
      const icount = finding === undefined ? at : (await monitor.findingNumber(finding)).icount;
      await debuggee.goto({ icount: icount ?? session.end, deliveries: 0 });
    },
  });
  dap.start(input, output);
  await Promise.race([dap.ended, new Promise((resolve) => input.once('close', resolve))]);
}

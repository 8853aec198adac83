import { createServer, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { buildMachine } from '../../../recorder/machine/build.ts';
import { RewindDebugSession } from '../../../replayer/dap/session.ts';
import { Debuggee } from '../../../replayer/debug/debuggee.ts';
import { GuestCode } from '../../../replayer/debug/guest-code.ts';
import { type ListenAt, listen } from '../../../replayer/debug/listen.ts';
import { type DebugFinding, Monitor } from '../../../replayer/debug/monitor.ts';
import { ProgressNotes } from '../../../replayer/debug/progress-notes.ts';
import { ForwardSession } from '../../../replayer/timeline/forward-session.ts';
import type { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { kernelFiles } from '../options/kernel-files.ts';
import { type DebugStart, goToStart } from './debug-start.ts';
import { knownLastWriter } from './known-last-writer.ts';

/** Serves a trace to editors by the Debug Adapter Protocol: on stdin and stdout, or on a port. */

export interface DapRequest extends DebugStart {
  readonly reader: TraceReader;
  readonly findings: () => Promise<readonly DebugFinding[]>;
  /** The stream from the client. */
  readonly input: Readable;
  readonly output: Writable;
}

/** Speaks the Debug Adapter Protocol with an editor until it disconnects. */
export async function serveDap({ reader, findings, input, output, ...start }: DapRequest): Promise<void> {
  const { guest } = reader.names;
  const session = ForwardSession.open(reader, { build: buildMachine, builtinDisk });
  let dap: RewindDebugSession | undefined;
  const notes = new ProgressNotes(session.end, (text) => dap?.say(text));
  const onProgress = (icount: number) => notes.at(icount);
  const debuggee = new Debuggee(session, { onProgress }, (text) => dap?.say(text));
  const code = new GuestCode(guest, kernelFiles(guest));
  const monitor = new Monitor(debuggee, reader, {
    code: () => code,
    findings,
    lastWriter: knownLastWriter(reader),
  });
  dap = new RewindDebugSession({
    debuggee,
    monitor,
    code,
    enter: () => goToStart(debuggee, monitor, start),
  });
  dap.start(input, output);
  await Promise.race([dap.ended, new Promise((resolve) => input.once('close', resolve))]);
}

/**
 * Listens for an editor that connects to an adapter instead of starting one, until `close`. Each client gets a new session; one client is
 * served at a time.
 */
export async function listenForDap(
  request: Omit<DapRequest, 'input' | 'output'>,
  at: ListenAt,
): Promise<{ readonly address: string; close(): void }> {
  let serving: Socket | undefined;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (serving) {
      socket.destroy();
      return;
    }
    serving = socket;
    const done = () => {
      serving = undefined;
      socket.destroySoon();
    };
    void serveDap({ ...request, input: socket, output: socket }).then(done, done);
  });
  const address = await listen(server, at);
  return {
    address,
    close: () => {
      serving?.destroy();
      server.close();
    },
  };
}

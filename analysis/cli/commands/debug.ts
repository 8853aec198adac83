import type { Argv } from 'yargs';
import { buildMachine } from '../../../recorder/machine/build.ts';
import { Debuggee } from '../../../replayer/debug/debuggee.ts';
import { GuestCode } from '../../../replayer/debug/guest-code.ts';
import type { ListenAt } from '../../../replayer/debug/listen.ts';
import { type DebugFinding, Monitor } from '../../../replayer/debug/monitor.ts';
import { ProgressNotes } from '../../../replayer/debug/progress-notes.ts';
import { type GdbServer, serveGdb } from '../../../replayer/gdb/server.ts';
import { GdbStub } from '../../../replayer/gdb/stub.ts';
import { ForwardSession } from '../../../replayer/timeline/forward-session.ts';
import { type Names, TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { DISKS } from '../options/disk-option.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { kernelFiles } from '../options/kernel-files.ts';
import { parsePort } from '../options/port.ts';
import { parseIcount } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { grouped, shellWord } from '../terminal/format.ts';
import { interrupted, whenInterrupted } from '../terminal/interruptible.ts';
import { print } from '../terminal/output.ts';
import { progressBar } from '../terminal/progress.ts';
import { checkTraces } from '../work/check-report.ts';
import { type DebugStart, goToStart } from '../work/debug-start.ts';
import { GdbFiles } from '../work/gdb-files.ts';
import { knownLastWriter } from '../work/known-last-writer.ts';

/** `rewind386 debug`: serves a trace to gdb, or to an editor by the Debug Adapter Protocol. */
export const addDebug = (cli: Argv): Argv =>
  cli.command(
    'debug <file>',
    'debug a trace with gdb or an editor, forward and backward',
    options,
    async (args) => {
      const { file, finding } = args;
      const names = givenNames(args);
      const { port, socket } = args;
      const listenAt = socket === undefined ? { port: parsePort(port ?? 0) } : { socket };
      const reader = TraceReader.open(file, { disks: args.disk, names });
      const findings = () => findingsOf(file, names, args.disk);
      try {
        const end = reader.endIcount;
        const at = args.at === undefined ? undefined : parseIcount(args.at, '--at', { file, end });
        await tellDivergence(file, async () => {
          if (!args.dap) return await debug(file, { reader, findings, at, finding, listenAt });
          const { serveDap, listenForDap } = await import('../work/debug-dap.ts');
          const request = { reader, findings, at, finding };
          if (port !== undefined || socket !== undefined) {
            const { address, close } = await listenForDap(request, listenAt);
            print(`debug adapter on ${address}; Ctrl-C ends it`);
            await interrupted();
            close();
            return;
          }
          const { stdin: input, stdout: output } = process;
          await serveDap({ ...request, input, output });
          // An open stdin would keep the process alive.
          input.destroy();
        });
      } finally {
        reader.close();
      }
    },
  );

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      at: { type: 'string', requiresArg: true, describe: 'begin at this icount (default: at the end)' },
      finding: {
        type: 'number',
        requiresArg: true,
        describe: 'begin at this finding of `check`, numbered from 1',
      },
      ...NAMING_OPTIONS,
      port: {
        type: 'number',
        requiresArg: true,
        describe: 'port of 127.0.0.1 to listen on (default: any free port)',
      },
      socket: {
        type: 'string',
        requiresArg: true,
        describe: 'listen on this socket file, which only you can use, instead of a port',
      },
      ...DISKS,
    })
    .option('dap', {
      type: 'boolean',
      default: false,
      describe:
        'speak the Debug Adapter Protocol with an editor: on stdin and stdout, or on --port or --socket (docs/dap.md)',
    })
    .conflicts('at', 'finding')
    .conflicts('port', 'socket')
    .example('$0 debug run.r386', 'then run the gdb command that it prints')
    .example('$0 debug run.r386 --finding 1', 'begin where the first finding happened')
    .epilogue(
      'in gdb: reverse-stepi, reverse-continue, watch, break as usual; `monitor help` lists more commands',
    );

interface DebugRequest extends DebugStart {
  readonly reader: TraceReader;
  readonly findings: () => Promise<readonly DebugFinding[]>;
  readonly listenAt: ListenAt;
}

async function debug(file: string, { reader, findings, listenAt, ...start }: DebugRequest): Promise<void> {
  const session = ForwardSession.open(reader, { build: buildMachine, builtinDisk });
  const progress = progressBar('replaying', session.end);
  const tell = (text: string) => {
    progress.line(text);
    say?.(`${text}\n`);
  };
  let say: ((text: string) => void) | undefined;
  const notes = new ProgressNotes(session.end, (text) => say?.(`${text}\n`));
  const onProgress = (icount: number) => (say ? notes.at(icount) : progress.at(icount));
  const debuggee = new Debuggee(session, { onProgress }, tell);
  const { guest } = reader.names;
  const monitor = new Monitor(debuggee, reader, {
    code: () => new GuestCode(guest, kernelFiles(guest)),
    findings,
    lastWriter: knownLastWriter(reader),
  });
  await goToStart(debuggee, monitor, start);
  progress.end();
  const files = new GdbFiles(reader.names);
  let server: GdbServer;
  try {
    server = await serveGdb(new GdbStub(debuggee, monitor, files.program), listenAt);
  } catch (error) {
    files.remove();
    throw error;
  }
  say = server.say;
  print(`${file} at icount ${grouped(debuggee.position.icount)} of ${grouped(session.end)}`);
  print(`gdb server on ${server.address}; Ctrl-C ends it`);
  print(`next: gdb -x ${shellWord(files.script(server.address))}`);
  const end = whenInterrupted(() => server.close());
  try {
    await server.ended;
  } finally {
    end();
    files.remove();
  }
}

/** As `check` numbers them. */
async function findingsOf(
  file: string,
  names: Names | undefined,
  disks: readonly string[],
): Promise<DebugFinding[]> {
  const { findings } = await checkTraces([file], { names, executes: { disks } });
  return findings.map(({ icount, check, summary }) => ({ icount, title: check.title, summary }));
}

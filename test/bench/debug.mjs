// Debugging: a conditional breakpoint that is met some 300 times on the way back and never true, with the condition evaluated
// by gdb (as before 0.3) and by the server. Needs gdb.
// usage: node test/bench/debug.mjs [ROUNDS]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, product, runScript, table } from './measure.mjs';

const { builtinDebugFile, builtinDisk, builtinKernel } = await product(
  'analysis/cli/options/builtin-guest.js',
);
const { buildMachine } = await product('recorder/machine/build.js');
const { DEFAULT_CONFIG } = await product('recorder/machine/config.js');
const { Debuggee } = await product('replayer/debug/debuggee.js');
const { Monitor } = await product('replayer/debug/monitor.js');
const { serveGdb } = await product('replayer/gdb/server.js');
const { GdbStub } = await product('replayer/gdb/stub.js');
const { ForwardSession } = await product('replayer/timeline/forward-session.js');
const { TraceReader } = await product('replayer/trace/trace-reader.js');

const ROUNDS = Number(process.argv[2] ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'r386-debug-'));
const file = join(folder, 'run.r386');
const program = join(folder, 'kernel.debug');
writeFileSync(program, builtinDebugFile(builtinKernel()));
runScript(join(import.meta.dirname, 'record-guest.mjs'), [
  ...['buggy', 'ftpd', '117', DEFAULT_CONFIG.detail, file, '100'],
]);

/** Seconds, and of those of this process's processor time, of a gdb that goes back from the end, in a session just opened. */
async function timed(...commands) {
  const reader = TraceReader.open(file);
  const debuggee = new Debuggee(
    ForwardSession.open(reader, { build: buildMachine, builtinDisk }),
    {},
    () => {},
  );
  await debuggee.goto({ icount: reader.endIcount, deliveries: 0 });
  const server = await serveGdb(new GdbStub(debuggee, new Monitor(debuggee, reader)), { port: 0 });
  const script = [`file ${program}`, `target remote ${server.address}`, ...commands];
  const args = ['-nx', '-batch', ...script.flatMap((command) => ['-ex', command])];
  const start = performance.now();
  const used = process.cpuUsage();
  const gdb = spawn('gdb', args, { stdio: 'ignore' });
  await new Promise((resolve, reject) => {
    gdb.once('exit', resolve);
    gdb.once('error', reject);
  });
  server.close();
  reader.close();
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - start) / 1000, busy: (user + system) / 1e6 };
}

const best = {};
const keep = (name, run) => {
  if (!best[name] || run.seconds < best[name].seconds) best[name] = run;
};
for (let round = 0; round < ROUNDS; round++) {
  keep('start', await timed());
  for (const where of ['host', 'target'])
    keep(
      where,
      await timed(
        `set breakpoint condition-evaluation ${where}`,
        'break vm_object_reference if $esp == 1',
        'reverse-continue',
      ),
    );
}
const row = ({ seconds, busy }) => [
  `${fixed(seconds - best.start.seconds)} s`,
  `${fixed(busy - best.start.busy)} s`,
];
console.log(`The start of gdb, ${fixed(best.start.seconds)} s, is taken off.\n`);
table(
  ['condition evaluated by', 'the way back', 'processor time of the server'],
  [
    ['gdb (`set breakpoint condition-evaluation host`)', ...row(best.host)],
    ['the server', ...row(best.target)],
  ],
);
rmSync(folder, { recursive: true });

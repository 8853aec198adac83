// Boots a bzImage in qemu-system-i386 until COM1 says MARK and prints {"seconds": s, "instructions"?: n, "bytes": n} as JSON:
// a peer of linux-boot.mjs. The log of rr=record goes to FILE; only with it does QEMU tell how many instructions it executed.
// usage: node test/bench/qemu-linux.mjs BZIMAGE INITRD COMMAND-LINE RAM-MB MARK [ICOUNT-OPTION [FILE]]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [kernel, initrd, append, ram, mark, icount, log] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'r386-qemu-'));
const control = join(folder, 'qmp');
const start = performance.now();
const qemu = spawn(
  'qemu-system-i386',
  [
    ...[
      '-M',
      'pc',
      '-accel',
      'tcg',
      '-cpu',
      'pentium3',
      '-m',
      ram,
      '-nodefaults',
      '-no-reboot',
      '-display',
      'none',
    ],
    ...['-serial', 'stdio', '-qmp', `unix:${control},server=on,wait=off`],
    ...['-kernel', kernel, '-initrd', initrd, '-append', append],
    ...(icount ? ['-icount', log ? `${icount},rrfile=${log}` : icount] : []),
  ],
  { stdio: ['ignore', 'pipe', 'ignore'] },
);

let text = '';
let seconds = 0;
qemu.stdout.on('data', (bytes) => {
  text += bytes;
  if (seconds > 0 || !text.includes(mark)) return;
  seconds = (performance.now() - start) / 1000;
  if (log) askInstructions();
  else qemu.kill();
});
qemu.on('exit', (code) => {
  if (seconds === 0) {
    console.error(`qemu ended with status ${code} before it said ${mark}: ${text.slice(-500)}`);
    process.exitCode = 1;
  } else {
    const bytes = log && existsSync(log) ? statSync(log).size : 0;
    console.log(JSON.stringify({ seconds, instructions, bytes }));
  }
  rmSync(folder, { recursive: true });
});

let instructions;
/** QMP (docs/interop/qmp-spec): the position in the log, then the end, in order, so that the log is written out. */
function askInstructions() {
  const socket = createConnection(control);
  socket.write(
    '{"execute":"qmp_capabilities"}{"execute":"stop"}{"execute":"query-replay"}{"execute":"quit"}',
  );
  let answers = '';
  socket.on('data', (data) => {
    answers += data;
    const found = /"icount": (\d+)/.exec(answers);
    if (found) instructions = Number(found[1]);
  });
  socket.on('error', () => {});
}

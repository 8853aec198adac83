// Runs a speed kernel in qemu-system-i386, recording, and prints {"seconds": s} as JSON: what KERNEL takes beyond the small one of
// its kind, so that neither QEMU's start nor its BIOS counts. The log goes to a temporary file.
// usage: node test/bench/qemu-kernel.mjs KERNEL.elf SMALL.elf
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'r386-qemu-'));

function secondsOf(kernel) {
  const start = performance.now();
  const { stdout } = spawnSync(
    'qemu-system-i386',
    [
      ...['-M', 'pc', '-accel', 'tcg', '-cpu', 'pentium3', '-m', '32', '-nodefaults', '-no-reboot'],
      ...['-display', 'none', '-serial', 'stdio', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
      ...['-kernel', kernel, '-icount', `shift=0,rr=record,rrfile=${join(folder, 'log')}`],
    ],
    { encoding: 'utf8' },
  );
  if (!stdout.includes(' OK')) throw new Error(`${kernel} in QEMU: ${stdout}`);
  return (performance.now() - start) / 1000;
}

const [kernel, small] = process.argv.slice(2);
try {
  console.log(JSON.stringify({ seconds: secondsOf(kernel) - secondsOf(small) }));
} finally {
  rmSync(folder, { recursive: true });
}

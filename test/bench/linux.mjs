// Debian's i386 Linux, from the kernel's first instruction to its init, on the machine, v86 and QEMU in the same run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runnerImport } from 'vite';
import { fastest, fixed, grouped, runScript, table } from './measure.mjs';

const ROUNDS = 3;
const RAM_MEGABYTES = 128; // v86 puts the initial RAM disk at 64 MB
const MARK = 'READY';
const APPEND =
  'console=ttyS0 noapic nolapic acpi=off pci=off nokaslr mitigations=off cryptomgr.notests quiet';
const INIT = `#!/bin/sh\necho ${MARK}\nexec sh\n`;

/** The tests' modules about Linux are TypeScript. */
const fromTests = async (name) =>
  (await runnerImport(join(import.meta.dirname, '../linux', name), { configFile: false, logLevel: 'error' }))
    .module;
const { debianFiles } = await fromTests('debian.ts');
const { initramfs } = await fromTests('initramfs.ts');

const debian = debianFiles();
if (!debian) {
  console.log("skipped: Debian's kernel and busybox are not here; .ci/guest-packages downloads them");
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const path = (name) => join(folder, name);
try {
  writeFileSync(path('initrd'), initramfs(debian.busybox, INIT));
  const boot = [debian.kernel, path('initrd'), APPEND, String(RAM_MEGABYTES), MARK];
  const run = (script, ...more) => runScript(join(import.meta.dirname, script), [...boot, ...more])[0];
  const hasQemu = spawnSync('qemu-system-i386', ['--version']).status === 0;
  if (!hasQemu) console.log('without QEMU: apt-get install qemu-system-x86\n');
  const best = fastest(
    {
      off: () => run('linux-boot.mjs', 'off'),
      paging: () => run('linux-boot.mjs', 'paging', path('paging.r386')),
      replay: () => runScript(join(import.meta.dirname, 'replay-trace.mjs'), [path('paging.r386')])[0],
      v86: () => run('v86-linux.mjs', '--no-jit'),
      v86jit: () => run('v86-linux.mjs'),
      ...(hasQemu && {
        qemu: () => run('qemu-linux.mjs'),
        icount: () => run('qemu-linux.mjs', 'shift=0'),
        rr: () => run('qemu-linux.mjs', 'shift=0,rr=record', path('qemu.rr')),
      }),
    },
    ROUNDS,
  );
  // QEMU counts instructions only while it records; its machine executes as many without.
  for (const name of ['qemu', 'icount']) if (best[name]) best[name].instructions = best.rr.instructions;
  const names = {
    off: 'rewind386, not recording',
    paging: 'rewind386, recording',
    replay: 'rewind386, replaying',
    v86: 'v86, JIT off',
    v86jit: 'v86, JIT on',
    qemu: 'QEMU',
    icount: 'QEMU, `-icount shift=0`',
    rr: 'QEMU, `-icount shift=0,rr=record`',
  };
  table(
    ['machine', 'seconds', 'instructions', 'M instr/s', 'time to rewind386 recording', 'written'],
    Object.entries(best).map(([name, { seconds, instructions, bytes }]) => [
      names[name],
      fixed(seconds, 1),
      grouped(instructions),
      fixed(instructions / seconds / 1e6, 0),
      `${fixed(seconds / best.paging.seconds)}x`,
      bytes ? `${fixed(bytes / 1e6, 1)} MB` : '-',
    ]),
  );
  console.log(
    `\n${grouped(best.paging.events)} events recorded; the replay compared every one of them, and the state.`,
  );
} finally {
  debian.remove();
  rmSync(folder, { recursive: true });
}

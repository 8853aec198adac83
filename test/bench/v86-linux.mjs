// Boots a bzImage in v86 until COM1 says MARK and prints {"seconds": s, "instructions": n, …} as JSON: a peer of linux-boot.mjs.
// usage: node test/bench/v86-linux.mjs BZIMAGE INITRD COMMAND-LINE RAM-MB MARK [--no-jit]
import { file, runV86 } from './v86.mjs';

const [kernel, initrd, cmdline, ram, mark, option] = process.argv.slice(2);
await runV86({
  jit: option !== '--no-jit',
  ramMegabytes: Number(ram),
  boot: { bzimage: file(kernel), initrd: file(initrd), cmdline },
  done: (text) => text.endsWith(mark),
});

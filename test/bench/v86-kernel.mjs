// Runs one multiboot speed kernel in v86 and prints {"seconds": s, "text": console, …} as JSON: the peer of kernels.mjs.
// usage: node test/bench/v86-kernel.mjs KERNEL.elf [--no-jit]
import { file, runV86 } from './v86.mjs';

const kernel = process.argv[2];
if (!kernel) {
  console.error('usage: node test/bench/v86-kernel.mjs KERNEL.elf [--no-jit]');
  process.exit(2);
}
await runV86({
  jit: !process.argv.includes('--no-jit'),
  ramMegabytes: 32,
  boot: { multiboot: file(kernel) },
  done: (text) => text.endsWith('\n'),
});

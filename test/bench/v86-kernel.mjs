// Runs one multiboot speed kernel in v86 and prints {"seconds": s, "text": console} as JSON: the peer of kernels.mjs.
// usage: node test/bench/v86-kernel.mjs KERNEL.elf [--no-jit]
// v86 comes from npm, its BIOS images from Debian's seabios and vgabios packages (for the bench only).
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const kernel = process.argv[2];
const jit = !process.argv.includes('--no-jit');
const bios = '/usr/share/seabios/bios.bin';
const vga = ['/usr/share/seabios/vgabios-stdvga.bin', '/usr/share/vgabios/vgabios.bin'].find(existsSync);
if (!kernel) {
  console.error('usage: node test/bench/v86-kernel.mjs KERNEL.elf [--no-jit]');
  process.exit(2);
}
if (!existsSync(bios) || !vga) {
  console.error('v86 needs a BIOS: apt-get install seabios vgabios');
  process.exit(2);
}
const build = dirname(createRequire(import.meta.url).resolve('v86'));
const { V86 } = await import(join(build, 'libv86.mjs'));
const bytes = (path) => {
  const file = readFileSync(path);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
};

const emulator = new V86({
  wasm_path: join(build, 'v86.wasm'),
  memory_size: 32 << 20,
  vga_memory_size: 2 << 20,
  bios: { buffer: bytes(bios) },
  vga_bios: { buffer: bytes(vga) },
  multiboot: { buffer: bytes(kernel) },
  disable_jit: !jit,
  autostart: false,
  fastboot: true,
  log_level: 0,
});

let text = '';
let start = 0;
emulator.add_listener('serial0-output-byte', (byte) => {
  const character = String.fromCharCode(byte);
  text += character;
  if (character !== '\n') return;
  console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, text: text.trim() }));
  process.exit(0);
});
await new Promise((ready) => emulator.add_listener('emulator-ready', ready));
start = performance.now();
emulator.run();

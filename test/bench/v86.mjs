// v86 as a peer: the emulator from npm, its BIOS images from Debian's seabios and vgabios packages (for the bench only).
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const BIOS = '/usr/share/seabios/bios.bin';
const VGA_BIOS = ['/usr/share/seabios/vgabios-stdvga.bin', '/usr/share/vgabios/vgabios.bin'].find(existsSync);

/** A file as v86 takes it: `{ buffer: ArrayBuffer }`. */
export function file(path) {
  const bytes = readFileSync(path);
  return { buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) };
}

/**
 * Runs v86 until `done(text)` is true of what it said on COM1; `boot`: v86's own options of what to boot.
 * @returns {Promise<{ seconds: number, instructions: number, text: string }>}
 */
export async function runV86({ jit, ramMegabytes, boot, done }) {
  if (!existsSync(BIOS) || !VGA_BIOS) {
    console.error('v86 needs a BIOS: apt-get install seabios vgabios');
    process.exit(2);
  }
  const build = dirname(createRequire(import.meta.url).resolve('v86'));
  const { V86 } = await import(join(build, 'libv86.mjs'));
  const emulator = new V86({
    wasm_path: join(build, 'v86.wasm'),
    memory_size: ramMegabytes << 20,
    vga_memory_size: 2 << 20,
    bios: file(BIOS),
    vga_bios: file(VGA_BIOS),
    ...boot,
    disable_jit: !jit,
    autostart: false,
    fastboot: true,
    log_level: 0,
  });
  let text = '';
  let start = 0;
  await new Promise((ready) => emulator.add_listener('emulator-ready', ready));
  return new Promise((resolve) => {
    emulator.add_listener('serial0-output-byte', (byte) => {
      text += String.fromCharCode(byte);
      if (done(text))
        resolve({
          seconds: (performance.now() - start) / 1000,
          instructions: emulator.get_instruction_counter(),
          text: text.trim(),
        });
    });
    start = performance.now();
    emulator.run();
  });
}

// v86 as a peer: the emulator from npm, with the BIOS that rewind386 brings along.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const FIRMWARE = join(import.meta.dirname, '../../firmware/seabios');

/** A file as v86 takes it: `{ buffer: ArrayBuffer }`. */
export function file(path) {
  const bytes = readFileSync(path);
  return { buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) };
}

/**
 * Runs v86 until `done(text)` is true of what it said on COM1, prints {"seconds", "instructions", "text"} as JSON, and ends the
 * process there and then. `boot`: v86's own options of what to boot.
 */
export async function runV86({ jit, ramMegabytes, boot, done }) {
  const build = dirname(createRequire(import.meta.url).resolve('v86'));
  const { V86 } = await import(join(build, 'libv86.mjs'));
  const emulator = new V86({
    wasm_path: join(build, 'v86.wasm'),
    memory_size: ramMegabytes << 20,
    vga_memory_size: 2 << 20,
    bios: file(join(FIRMWARE, 'bios.bin')),
    vga_bios: file(join(FIRMWARE, 'vgabios-isavga.bin')),
    ...boot,
    disable_jit: !jit,
    autostart: false,
    fastboot: true,
    log_level: 0,
  });
  let text = '';
  let start = 0;
  await new Promise((ready) => emulator.add_listener('emulator-ready', ready));
  emulator.add_listener('serial0-output-byte', (byte) => {
    text += String.fromCharCode(byte);
    if (!done(text)) return;
    const seconds = (performance.now() - start) / 1000;
    const instructions = emulator.get_instruction_counter();
    console.log(JSON.stringify({ seconds, instructions, text: text.trim() }));
    process.exit(0);
  });
  start = performance.now();
  emulator.run();
}

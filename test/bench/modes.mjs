// One small program, assembled for flat 32-bit code, 16-bit code and 32-bit code in 16-bit segments (as gcc -m16 makes), on the
// processor alone: how fast the same work goes where segments matter, interpreted and compiled. Each figure comes from a process of
// its own: V8 makes the views of the first machine of a process constants of the hot loop, but those of later machines variables.
// usage: npm run build && node test/bench/modes.mjs [--dist FOLDER] [--one MODE interpreted|compiled]
import { join } from 'node:path';
import { runScript } from './measure.mjs';

const at = process.argv.indexOf('--dist');
const machine = join(
  at < 0 ? join(import.meta.dirname, '../../dist') : process.argv[at + 1],
  'recorder/machine',
);
const { Cpu } = await import(join(machine, 'cpu/cpu.js'));
const { Mmu } = await import(join(machine, 'mmu/mmu.js'));
const { allocateMemory } = await import(join(machine, 'layout.js'));
const { DEFAULT_CONFIG, NO_PROFILE } = await import(join(machine, 'config.js'));

/** mov cx, 1000; loop: mov ax, [si]; add ax, [bx+4]; mov [bx+2], ax; call f; dec cx; jnz loop; jmp start; f: push ax; inc ax; pop dx; ret */
const CODE_16 = 'b9 e8 03 8b 04 03 47 04 89 47 02 e8 05 00 49 75 f2 eb ed 50 40 5a c3';
/** The same in 32-bit code, and with 66h and 67h before it where it needs them. */
const CODE_32 = 'b9 e8 03 00 00 8b 06 03 43 04 89 43 02 e8 05 00 00 00 49 75 f0 eb e9 50 40 5a c3';
const CODE_M16 =
  '66 b9 e8 03 00 00 67 66 8b 06 67 66 03 43 04 67 66 89 43 02 66 e8 06 00 00 00 66 49 75 e8 eb e0 66 50 66 40 66 5a 66 c3';
const START = 0x1000;
const [EBX, ESP, ESI] = [3, 4, 6];
const INSTRUCTIONS = 20_000_000;
const STRETCHES = 6;
const bus = { deadlineMoved: false, in: () => 0, out() {} };
const pic = { pending: false, acknowledge: () => 0 };

function speed(compileAfter, code, wide, base) {
  const mem = allocateMemory(4 << 20);
  const cpu = new Cpu(mem, bus, pic, null, { compileAfter });
  const mmu = new Mmu(mem, { ...DEFAULT_CONFIG, ramBytes: 4 << 20 }, NO_PROFILE, cpu, null);
  cpu.attachMmu(mmu);
  cpu.reset();
  const entry = { eip: START, eax: 0, ebx: 0, esi: 0, codeSelector: 8, dataSelector: 16 };
  if (wide) cpu.enterProtected(entry);
  for (const segment of wide && base === 0 ? [] : [0, 1, 2, 3])
    cpu.setSegment(
      segment,
      base >> 4,
      base,
      wide ? -1 : 0xffff,
      wide ? (segment === 1 ? 0xc09a00 : 0xc09200) : 0x9300,
    );
  for (const [n, byte] of code.split(' ').entries())
    mmu.physWrite8(base + START + n, Number.parseInt(byte, 16));
  cpu.eip = START;
  cpu.setRegister(ESP, 0x7000);
  cpu.setRegister(EBX, 0x3000);
  cpu.setRegister(ESI, 0x3100);
  cpu.run(2_000_000);
  const stretch = () => {
    const start = performance.now();
    cpu.run(cpu.icount + INSTRUCTIONS);
    return INSTRUCTIONS / (performance.now() - start) / 1000;
  };
  return Math.max(...Array.from({ length: STRETCHES }, stretch));
}

const MODES = {
  flat: [CODE_32, true, 0],
  based: [CODE_32, true, 0x10000],
  real: [CODE_16, false, 0x10000],
  m16: [CODE_M16, false, 0x10000],
};
const TIERS = { interpreted: 0, compiled: 20_000 };

const one = process.argv.indexOf('--one');
if (one >= 0) {
  const [mode, tier] = process.argv.slice(one + 1);
  console.log(JSON.stringify({ speed: speed(TIERS[tier], ...MODES[mode]) }));
} else {
  const measure = (mode, tier) =>
    runScript(import.meta.filename, [...process.argv.slice(2), '--one', mode, tier])[0].speed;
  const row = (tier) => Object.fromEntries(Object.keys(MODES).map((mode) => [mode, measure(mode, tier)]));
  console.log(JSON.stringify({ interpreted: row('interpreted'), compiled: row('compiled') }));
}

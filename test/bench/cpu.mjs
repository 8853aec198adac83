// The speed kernels of ../shared/guests/bench on the machine, recording, against v86 and QEMU in the same run; and one program in code of
// every kind of segment.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fastest, fixed, grouped, runScript, table } from './measure.mjs';

const kernels = join(import.meta.dirname, '../../../shared/guests/bench');
const ROUNDS = 3;

const script = (name) => join(import.meta.dirname, name);
const MODES = {
  flat: '32-bit, flat',
  based: '32-bit, segments with a base',
  real: '16-bit, real mode',
  m16: '32-bit operands and addresses in real mode (gcc -m16)',
};
const { interpreted, compiled } = runScript(script('modes.mjs'), [])[0];
table(
  ['code', 'interpreted, M instr/s', 'of flat', 'compiled, M instr/s', 'of interpreted'],
  Object.entries(MODES).map(([mode, what]) => [
    what,
    fixed(interpreted[mode], 1),
    `${fixed(interpreted[mode] / interpreted.flat)}x`,
    fixed(compiled[mode], 1),
    `${fixed(compiled[mode] / interpreted[mode])}x`,
  ]),
);
console.log();

if (!existsSync(kernels)) {
  console.log('skipped: ../shared/guests/bench is not here');
  process.exit(0);
}
const kernel = (name) => join(kernels, `${name}.elf`);

const ran = (name, ...options) =>
  runScript(script('kernels.mjs'), [kernel(name), '--detail', 'paging', ...options])[0];
const v86 = (name, ...options) => runScript(script('v86-kernel.mjs'), [kernel(name), ...options])[0];

/** Beyond the small kernel of its kind, on both sides. */
function beyondSmall(name, ...options) {
  const whole = ran(name, ...options);
  const small = ran(`${name}-small`, ...options);
  return {
    ...whole,
    seconds: whole.seconds - small.seconds,
    instructions: whole.instructions - small.instructions,
  };
}

function compare(name, peerName, ours, peer) {
  const best = fastest({ ours, peer }, ROUNDS);
  const mips = ({ seconds }) => `${fixed(best.ours.instructions / seconds / 1e6, 1)} (${fixed(seconds)} s)`;
  return [
    name,
    peerName,
    mips(best.ours),
    mips(best.peer),
    `${fixed(best.peer.seconds / best.ours.seconds)}x`,
    grouped(best.ours.events.paging_writes ?? 0),
  ];
}

const rows = [];
for (const name of ['compute', 'paging']) {
  rows.push(
    compare(
      name,
      'v86, JIT off',
      () => ran(name),
      () => v86(name, '--no-jit'),
    ),
  );
  rows.push(
    compare(
      name,
      'v86, JIT on',
      () => ran(name),
      () => v86(name),
    ),
  );
}
if (spawnSync('qemu-system-i386', ['--version']).status === 0) {
  for (const [name, ...options] of [['compute', '--tlb', '1024x4'], ['paging']]) {
    rows.push(
      compare(
        [name, ...options].join(' '),
        'QEMU, `-icount shift=0,rr=record`',
        () => beyondSmall(name, ...options),
        () => runScript(script('qemu-kernel.mjs'), [kernel(name), kernel(`${name}-small`)])[0],
      ),
    );
  }
}
table(
  [
    'kernel',
    'peer',
    'rewind386, recording (M instr/s)',
    'peer (M instr/s)',
    'ratio',
    'paging writes recorded',
  ],
  rows,
);

// The speed kernels of ../shared/guests/bench on the machine, recording, against v86 in the same run; and one program in code of
// every kind of segment.
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

/** `jit`: whether v86 may compile. */
function compare(name, jit) {
  const { ours, peer } = fastest(
    {
      ours: () => runScript(script('kernels.mjs'), [kernel(name), '--detail', 'paging'])[0],
      peer: () => runScript(script('v86-kernel.mjs'), [kernel(name), ...(jit ? [] : ['--no-jit'])])[0],
    },
    ROUNDS,
  );
  const writes = ours.events.paging_writes ?? 0;
  const mips = (run) => fixed(ours.instructions / run.seconds / 1e6, 1);
  return [
    name,
    `v86, JIT ${jit ? 'on' : 'off'}`,
    `${mips(ours)} (${fixed(ours.seconds)} s)`,
    `${mips(peer)} (${fixed(peer.seconds)} s)`,
    `${fixed(peer.seconds / ours.seconds)}x`,
    grouped(writes),
  ];
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
  [compare('compute', false), compare('paging', false), compare('paging', true)],
);

// A recorder to be killed (killed.test.ts): records a kernel, and says when it begins.
import { readFileSync } from 'node:fs';
import { record } from '../../dist/recorder/capture/session.js';
import { buildMachine } from '../../dist/recorder/machine/build.js';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../dist/recorder/machine/config.js';

const [, , kernel, output, instructions, ladderInterval] = process.argv;
const boot = { kind: 'multiboot', name: 'tiny', commandLine: '', modules: [], image: readFileSync(kernel) };
process.stdout.write('begins\n');
await record({
  toolVersion: 'test',
  guestName: 'tiny',
  boot,
  profile: NO_PROFILE,
  build: buildMachine,
  seed: 1n,
  config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
  ladderInterval: Number(ladderInterval),
  instructions: Number(instructions),
  checkpoints: { every: 75_000 },
  output,
});

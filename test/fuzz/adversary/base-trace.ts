import { readFileSync } from 'node:fs';
import { record } from '../../../recorder/capture/session.ts';
import { buildMachine } from '../../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../../recorder/machine/config.ts';
import { encodeBundle } from '../../../schemas/trace/bundle.ts';
import { pack } from '../../../schemas/trace/compression.ts';
import { FRAME } from '../../../schemas/trace/framing.ts';
import { messageType } from '../../../schemas/trace/schema.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import { tinyKernel } from '../../replay/tiny-kernel.ts';
import { type Message, type Part, refitFooter, takeApart } from './parts.ts';

/** A small trace in which every message of trace.proto occurs: with a disk, a module, checkpoints, and what makes it a bundle. */
export async function baseTrace(output: string): Promise<Part[]> {
  const disk = Uint8Array.from({ length: 100 * 512 }, (_, i) => (i % 3 === 0 ? i >>> 9 : 0));
  await record({
    build: buildMachine,
    toolVersion: 'test',
    guestName: 'tiny',
    boot: {
      kind: 'multiboot',
      name: 'tiny',
      image: tinyKernel(20),
      commandLine: '-v',
      modules: [{ commandLine: 'module', bytes: new Uint8Array(5000).fill(7) }],
    },
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
    profile: NO_PROFILE,
    disk: { kind: 'image', image: disk },
    drives: [
      {
        kind: 'floppy',
        unit: 0,
        medium: { kind: 'image', image: new Uint8Array(320 * 512).fill(1, 0, 512) },
      },
    ],
    labels: { workload: 'none' },
    seed: 1n,
    ladderInterval: 200,
    instructions: 1e5,
    checkpoints: { every: 1000 },
    output,
  });
  const parts = takeApart(readFileSync(output));
  const bundle = encodeBundle({
    source: 'ab'.repeat(32),
    toolVersion: untrusted('test'),
    expectations: [
      {
        name: untrusted('aptd-timeline'),
        sql: '',
        values: {},
        columns: [untrusted('icount')],
        rows: pack(new TextEncoder().encode('[]')),
      },
    ],
  });
  parts.splice(1, 0, {
    type: FRAME.bundle,
    name: 'Bundle',
    message: messageType('Bundle').decode(bundle) as unknown as Message,
  });
  refitFooter(parts);
  return parts;
}

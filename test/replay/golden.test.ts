import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { verify } from '../../analysis/cli/commands/verify.ts';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { STATE_LAYOUT } from '../../recorder/machine/state/state-hash.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';

/**
 * Bundles and traces of this and earlier versions (scripts/make-golden-bundles.mjs). A failure here means that traces in
 * people's hands no longer replay: docs/ARCHITECTURE.md, "Old traces", says what to do instead.
 */
const folder = resolve(import.meta.dirname, '../golden');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.r386')) : [];

let said: string[] = [];
beforeEach(() => {
  said = [];
  for (const stream of ['log', 'error'] as const)
    vi.spyOn(console, stream).mockImplementation((line) => void said.push(String(line)));
});
afterEach(() => vi.restoreAllMocks());

describe.skipIf(files.length === 0)('golden recordings (none made yet when this is skipped)', () => {
  it.each(files)('%s', async (name) => {
    const file = join(folder, name);
    const reader = TraceReader.open(file);
    const { stateLayout } = reader.header;
    const isBundle = reader.bundle() !== undefined;
    const checkpoints = reader.checkpoints.length;
    reader.close();
    if (isBundle) expect(await verify(file), said.join('\n')).toBe(0);
    else {
      // Each checkpoint is compared with the state that the replay came to.
      expect(checkpoints).toBeGreaterThan(0);
      const { divergence, reachedEnd } = await replay({ path: file, build: buildMachine, builtinDisk });
      expect(divergence).toBeUndefined();
      expect(reachedEnd).toBe(true);
    }
    // With the number unchanged the hashes were compared, and are the same.
    expect(stateLayout).toBeLessThanOrEqual(STATE_LAYOUT);
    if (stateLayout === STATE_LAYOUT) expect(said.join('\n')).not.toContain('no state hash');
  });
});

import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { verify } from '../../analysis/cli/commands/verify.ts';
import { STATE_LAYOUT } from '../../recorder/machine/state-hash.ts';
import { TraceReader } from '../../replayer/trace-reader.ts';

/**
 * Bundles of this and earlier versions (scripts/make-golden-bundles.mjs). A failure here means that traces in people's
 * hands no longer replay: docs/ARCHITECTURE.md, "Old traces", says what to do instead.
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

describe.skipIf(files.length === 0)('golden bundles (none made yet when this is skipped)', () => {
  it.each(files)('%s', async (name) => {
    const file = join(folder, name);
    expect(await verify(file), said.join('\n')).toBe(0);
    const reader = TraceReader.open(file);
    const { stateLayout } = reader.header;
    reader.close();
    // With the number unchanged the hashes were compared, and are the same.
    expect(stateLayout).toBeLessThanOrEqual(STATE_LAYOUT);
    if (stateLayout === STATE_LAYOUT) expect(said.join('\n')).not.toContain('no state hash');
  });
});

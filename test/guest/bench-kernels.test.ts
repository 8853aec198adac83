import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import type { EventSink } from '../../recorder/machine/events/event-log.ts';
import type { StopReason } from '../../recorder/machine/parts.ts';
import { columnIndex } from '../../schemas/events.ts';

const root = resolve(import.meta.dirname, '../..');
const kernels = join(root, '../shared/guests/bench');
const missing = [kernels, join(root, 'recorder/machine/standard-parts.ts')].filter(
  (path) => !existsSync(path),
);

const [PORT, BYTE] = ['port', 'byte'].map((name) => columnIndex('console', name));

/** The part of Machine that this test needs. */
interface Runner {
  loadMultiboot(image: Uint8Array, options: { cmdline: string; modules: readonly never[] }): void;
  run(until: number): StopReason;
  readonly log: { flush(): void } | null;
}

describe.skipIf(missing.length > 0)(`speed kernels${missing.map((path) => ` (no ${path})`).join('')}`, () => {
  for (const [name, wanted] of [
    ['compute', 'compute AE8766DB OK'],
    ['paging', 'paging 06DADBAA OK'],
  ]) {
    it(`${name}-small prints ${wanted}`, async () => {
      let text = '';
      let pagingWrites = 0;
      const sink: EventSink = {
        flush({ tables }) {
          const { count, columns } = tables.console;
          for (let i = 0; i < count; i++)
            if (columns[PORT][i] === 0) text += String.fromCharCode(columns[BYTE][i]);
          pagingWrites += tables.paging_writes.count;
        },
      };
      const nondet = {
        draw: (_kind: string, _now: number, low: number) => low,
        nextInputAt: () => Number.POSITIVE_INFINITY,
        takeInput: () => undefined,
      };
      const { Machine } = await import('../../recorder/machine/machine.ts');
      const config = { ...DEFAULT_CONFIG, ramBytes: 32 << 20 };
      const options = { config, profile: NO_PROFILE, nondet, sink, disk: null };
      const machine = new (Machine as unknown as new (o: typeof options) => Runner)(options);
      machine.loadMultiboot(readFileSync(join(kernels, `${name}-small.elf`)), { cmdline: '', modules: [] });
      expect(machine.run(1e9)).toEqual({ kind: 'exit', code: 0x10 });
      machine.log?.flush();
      expect(text.trim()).toBe(wanted);
      // paging-small: 50,000 stores to the window's table, each found by its first read (A) and first write (D).
      if (name === 'paging') expect(pagingWrites).toBeGreaterThan(150_000);
    });
  }
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type MooTest, readMoo } from './moo.ts';
import { REASONS } from './vector-differences.ts';
import { differences, hardware, run } from './vector-runner.ts';

/** Single-instruction tests made by an 80286 (SingleStepTests/80286, sampled). Every one is run and compared whole. */
const folder = resolve(import.meta.dirname, '../../../shared/cpu-vectors/80286-real-mode');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.gz')) : [];
/** The tests in which a 386 does something else, one by one. `npx vitest run test/isa -u` writes it anew. */
const LIST = resolve(import.meta.dirname, 'cpu-vectors.differences.txt');

/** '' where the CPU does what the 286 did; else the reason for a difference, if it is the one a 386 shows. */
function verdict(test: MooTest): { reason: string } | { failure: string } {
  const failed = run(test);
  const found = failed ? [failed] : differences(test, hardware(test), 0);
  if (found.length === 0) return { reason: '' };
  const tried = Object.entries(REASONS).filter(([, reason]) => reason.applies(test));
  const rest = tried.map(([name, reason]) => [name, reason.check(test)] as const);
  const good = rest.find(([, left]) => left.length === 0);
  if (good) return { reason: good[0] };
  const why = rest.map(([name, left]) => `; if ${name}: ${left.join(', ')}`).join('');
  return {
    failure: `${test.name} (${Buffer.from(test.bytes).toString('hex')}): ${found.join(', ')}${why}`,
  };
}

describe.skipIf(files.length === 0)(
  `80286 vectors${files.length ? '' : ' (no ../shared/cpu-vectors)'}`,
  () => {
    const counts: Record<string, number> = {};
    const listed: string[] = [];

    for (const file of files) {
      const form = file.replace('.MOO.gz', '');
      it(form, () => {
        const tests = readMoo(gunzipSync(readFileSync(resolve(folder, file))));
        const byReason = new Map<string, number[]>();
        const failures: string[] = [];
        for (const test of tests) {
          const result = verdict(test);
          if ('failure' in result) {
            failures.push(result.failure);
            continue;
          }
          counts[result.reason] = (counts[result.reason] ?? 0) + 1;
          const indexes = byReason.get(result.reason) ?? [];
          byReason.set(result.reason, [...indexes, test.index]);
        }
        expect(failures).toEqual([]);
        byReason.delete('');
        for (const [reason, indexes] of byReason) listed.push(`${form} ${reason}: ${indexes.join(' ')}`);
      });
    }

    it('differs where the list says, and nowhere else', async () => {
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      const text = [
        '# Single-instruction tests of an 80286 in which a 386 does something else: form, reason, indexes in its file.',
        '# Each is run, and must end as the reason says (vector-differences.ts). Sections: 80386 PRM.',
        ...Object.entries(REASONS).map(
          ([name, { source }]) => `# ${name}: ${source}: ${counts[name] ?? 0} tests`,
        ),
        `# ${total} tests run, ${counts['']} equal to hardware, ${total - counts['']} equal but for these; none skipped.`,
        '',
        ...listed,
        '',
      ].join('\n');
      await expect(text).toMatchFileSnapshot(LIST);
    });
  },
);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { seedFrom } from '../seed.ts';
import { random } from '../unit/trace-fixture.ts';
import { attack } from './adversary/attack.ts';
import { baseTrace } from './adversary/base-trace.ts';
import { putTogether, refitFooter, takeApart } from './adversary/parts.ts';

/** A few hundred traces made to hurt, in this process; test/slow/hostile-files.test.ts does ten thousand. */

const SEED = seedFrom('FUZZ_SEED');
const CASES = Number(process.env.HOSTILE_CASES ?? 200);
const folder = mkdtempSync(join(tmpdir(), 'r386-'));
const file = join(folder, 'hostile.r386');
let whole: Buffer;

beforeAll(async () => {
  whole = putTogether(await baseTrace(join(folder, 'base.r386')), true);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('reads and replays what the changes are made to', async () => {
  writeFileSync(file, whole);
  expect(await runCli('replay', file)).toMatchObject({ status: 0 });
});

it(
  `reads, replays or refuses whatever a field says (FUZZ_SEED=${SEED})`,
  async () => {
    const next = random(SEED);
    const statuses = new Map<number, number>();
    for (let n = 0; n < CASES; n++) {
      const parts = takeApart(whole);
      const how = attack(parts, next);
      // A forger has offsets that fit, but where they are what is attacked.
      if (next() % 4 > 0) refitFooter(parts);
      writeFileSync(file, putTogether(parts, next() % 4 > 0));
      for (const command of n % 8 === 0 ? ['info', 'replay'] : ['info']) {
        const { status, stderr } = await runCli(
          command,
          file,
          ...(command === 'replay' ? ['--until', '3000'] : []),
        );
        expect([0, 1, 2, 3], `${command}: ${how}`).toContain(status);
        expect(stderr.join('\n'), `${command}: ${how}`).not.toMatch(
          /internal error|is not a function|undefined/,
        );
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }
    expect(statuses.get(0)).toBeGreaterThan(20);
    expect(statuses.get(2)).toBeGreaterThan(20);
  },
  Math.max(120_000, CASES * 600),
);

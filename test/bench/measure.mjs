// What the suites share: alternating runs, and rows of a Markdown table.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const dist = join(import.meta.dirname, '../../dist');

/** A built module of the product, by its path from the root. */
export async function product(path) {
  await import(join(dist, 'host/install.js'));
  const { tierFromEnvironment } = await import(join(dist, 'analysis/cli/options/tier.js'));
  // As the command line does (docs/compiler.md): these scripts have none of it.
  tierFromEnvironment();
  return import(join(dist, path));
}

/** Runs a script of this folder in a process of its own and returns the JSON objects it printed. */
export function runScript(script, args, options = {}) {
  const { status, stdout } = spawnSync(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} ended with status ${status}`);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** Runs the command line, which ends with status 0 or one of `others`; returns its seconds. */
export function runTool(args, others = []) {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [join(dist, '../bin/rewind386.js'), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0 && !others.includes(status)) throw new Error(`rewind386 ${args.join(' ')}: ${stderr}`);
  return (performance.now() - begin) / 1000;
}

/** Runs the candidates in turn, `rounds` times, and keeps the fastest of each: what disturbs one disturbs the others. */
export function fastest(candidates, rounds) {
  const best = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const result = run();
      if (!best[name] || result.seconds < best[name].seconds) best[name] = result;
    }
  }
  return best;
}

export function table(headings, rows) {
  console.log(`| ${headings.join(' | ')} |`);
  console.log(`|${headings.map(() => '---').join('|')}|`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

export const fixed = (n, digits = 2) => n.toFixed(digits);
export const grouped = (n) => Math.round(n).toLocaleString('en-US');

// A trace of many events: from it to the first answer, then the same from the cache, with the memory that each took.
// EVENTS=100000000 npm run bench -- scale     (default: 20 million)
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixed, grouped, runScript, table } from './measure.mjs';

const events = Number(process.env.EVENTS ?? 20e6);
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const file = join(folder, 'run.r386');
const cache = join(folder, 'cache');
process.env.XDG_CACHE_HOME = cache;
const script = (name) => join(import.meta.dirname, name);
const QUERY = 'SELECT eip, count(*) AS n FROM stores GROUP BY ALL ORDER BY n DESC, eip LIMIT 10';

/** Bytes of all files below. */
const bytesOf = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { parentPath, path: parent, name }) => sum + statSync(join(parentPath ?? parent, name)).size,
      0,
    );

try {
  runScript(script('make-events.mjs'), [file, String(events)]);
  const rows = ['trace to first answer', 'the same, cached'].map((what) => {
    const [{ sinceStart, rss }] = runScript(script('query-trace.mjs'), [file, QUERY]);
    return [what, fixed(sinceStart), grouped(rss / 1e6), fixed(events / sinceStart / 1e6)];
  });
  const [trace, kept] = [statSync(file).size, bytesOf(join(cache, 'rewind386', 'traces'))];
  console.log(
    `${grouped(events)} stores: the trace ${fixed(trace / events)} bytes an event, the cache ${fixed(kept / events)}\n`,
  );
  table(['query', 'seconds', 'peak RSS, MB', 'million events/s'], rows);
} finally {
  rmSync(folder, { recursive: true });
}

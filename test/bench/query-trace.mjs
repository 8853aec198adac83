// Opens a trace and asks it named queries, as `rewind386 query` does; one JSON object each.
// usage: node test/bench/query-trace.mjs FILE SQL-OR-NAME…     a name ending in :VALUE gives a query its parameter
import { product } from './measure.mjs';

const start = performance.now();
const { TraceDatabase } = await product('analysis/db/trace-database.js');
const { QUERIES } = await product('analysis/sql/catalog.js');

const processorSeconds = ({ user, system }) => (user + system) / 1e6;
const [file, ...asked] = process.argv.slice(2);
const db = await TraceDatabase.open([file]);
for (const text of asked) {
  const [, name, value] = /^([\w-]+)(?::(\w+))?$/.exec(text) ?? [];
  const query = QUERIES.find((known) => known.name === name);
  const values = query?.parameters.length ? { [query.parameters[0].name]: Number(value) } : undefined;
  const before = performance.now();
  const used = process.cpuUsage();
  const rows = (await db.query(query?.sql ?? text, values)).currentRowCount;
  const now = performance.now();
  console.log(
    JSON.stringify({
      name: query ? name : 'sql',
      rows,
      seconds: (now - before) / 1000,
      sinceStart: (now - start) / 1000,
      // Of all processors.
      processor: processorSeconds(process.cpuUsage(used)),
      // The most that the process had so far, bytes.
      rss: process.resourceUsage().maxRSS * 1024,
    }),
  );
}
db.close();

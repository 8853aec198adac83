import { CHECK_COLUMNS, CHECKS, type Check } from '../check/catalog.ts';
import { DEFAULT_LIMITS } from '../db/limits.ts';
import { QUERIES, type SqlFile } from '../sql/catalog.ts';

/** docs/queries.md, from the queries and checks themselves. */
export const queriesDocument = (): string =>
  [
    '# Named queries and checks',
    '',
    'This page is generated from the SQL (`npm run docs`). `rewind386 query FILE NAME` runs a named query. Queries without parameters are',
    'also available in SQL, with _ in place of -: `SELECT process, accesses FROM foreign_pmap`. `rewind386 check FILE` runs every check.',
    '',
    'The queries use the terms *alternate map*, *slot* and *window*. A 4.4BSD kernel on the 386 reads and writes the page tables of',
    'another process through slot 1023 of its own page directory (APTDpde). While that slot names a directory, the page tables of that',
    'directory appear from FFC00000h on (the window). The guest profile specifies the slot ([guest-profile.md](guest-profile.md)).',
    '',
    ...LIMITS,
    '## Queries',
    '',
    ...QUERIES.flatMap(describeQuery),
    '## Checks',
    '',
    'A check selects rows that should not exist. An **error** is damage that happened: the guest read or wrote wrong state. A **warning** is',
    'an accident that the code permits and that did no harm in this run. Numbered classes are known bugs of kernels with alternate maps and',
    'TLBs; named classes concern the end of a run. [bug-classes.md](bug-classes.md) explains every class, including those without a check,',
    'which you can query in SQL over the [tables](tables.md).',
    '',
    'Findings are sorted by severity: first the cause of death (an error whose events wrote the page-table entry that the fault or panic',
    'names), then the death itself, then other errors, then warnings. A trace is *clean* if it is complete and no applicable check found',
    'anything.',
    '',
    'Each check selects these columns:',
    '',
    '| column | type | meaning |',
    '|---|---|---|',
    ...Object.entries(CHECK_COLUMNS).map(([name, { type, doc }]) => `| ${name} | ${type} | ${doc} |`),
    '',
    '| class | check | severity | what it finds |',
    '|---|---|---|---|',
    ...CHECKS.map(describeCheck),
    '',
  ].join('\n');

const LIMITS: readonly string[] = [
  '## SQL of your own',
  '',
  '`rewind386 query FILE --sql SQL` runs one statement: SELECT, FROM, VALUES, SHOW TABLES, DESCRIBE, SUMMARIZE, or EXPLAIN of one of these.',
  'Anything else, and more than one statement, is rejected. A trace may come from a stranger, so the database of `query`, `check`,',
  '`who-wrote`, `export`, `bundle` and `verify` has no access to files, the network or extensions, and its configuration is locked.',
  '`--unsafe-files` lets your own SELECT read files, for example to join a trace with a list of yours.',
  '',
  '| limit of one query | default | option |',
  '|---|---|---|',
  '| memory; the rest spills to the cache folder, up to 16 GB | half of the physical memory, at most 4 GB | `--memory 8G` |',
  `| time | ${DEFAULT_LIMITS.seconds} s | \`--timeout SECONDS\` |`,
  `| rows shown (\`--format parquet -o FILE\` has no limit) | ${DEFAULT_LIMITS.rows.toLocaleString('en-US')} | \`--max-rows N\` |`,
  '',
  '## Many traces',
  '',
  '`query`, `sql` and `check` take up to 65,536 traces: `rewind386 query \'runs/*.r386\' --sql "…"`. A quoted pattern (`*`, `**`, `?`,',
  '`[…]`, `{a,b}`) expands to the matching files in order of their names; a file with exactly that name takes precedence. run_id numbers',
  'the traces in this order, and `run.file` has their names. `check` distributes the traces over processes on all processors and prints one',
  'report.',
  '',
  '## The cache',
  '',
  'Tables and the index of `who-wrote` are built once per trace and kept in the cache folder of the user: `$XDG_CACHE_HOME/rewind386` or',
  '`~/.cache/rewind386`, on macOS `~/Library/Caches/rewind386`, on Windows `%LOCALAPPDATA%\\rewind386\\Cache`. The key is the SHA-256 of',
  'the trace and the version of the tool. The first query that names a table streams it from the trace to Parquet, whatever its',
  'size, a long one as several files at once; a command that is killed leaves no partial file. For traces of 100,000 events or more, the answers for `check`, `why`, `report` and `serve` are',
  'kept as well, unless names were given (`--symbols`, `--profile`), and so are the rows of views that take long: of each long trace by itself, of short ones for many together. If the folder is not writable, tables are built in memory. The tool reads no cache',
  'files beside a trace, rebuilds damaged files, and above 8 GB drops the least recently used traces. `rewind386 cache` lists the contents,',
  '`rewind386 cache --clear` removes them. You may delete the folder at any time.',
  '',
];

function describeQuery({ name, title, doc, parameters, columns }: SqlFile): string[] {
  const words = parameters.map((parameter) => ` ${parameter.name.toUpperCase()}`).join('');
  return [
    `### ${name}${words}`,
    '',
    `${title}.`,
    '',
    doc,
    '',
    ...parameters.map((parameter) => `${parameter.name.toUpperCase()}: ${parameter.doc}.\n`),
    '| column | meaning |',
    '|---|---|',
    ...columns.map((column) => `| ${column.name} | ${column.doc} |`),
    '',
  ];
}

const describeCheck = ({ class: number, title, severity, doc }: Check): string =>
  `| ${number} | ${title} | ${severity} | ${doc.replaceAll('\n', ' ')} |`;

import { CHECK_COLUMNS, CHECKS, type Check } from '../check/catalog.ts';
import { DEFAULT_LIMITS } from '../db/limits.ts';
import { QUERIES, type SqlFile } from '../sql/catalog.ts';

/** docs/queries.md, from the queries and checks themselves. */
export const queriesDocument = (): string =>
  [
    '# Named queries and checks',
    '',
    'This page is made from the SQL (`npm run docs`). `rewind386 query FILE NAME` runs a query; those without parameter can also be',
    'selected from, with _ for -: `SELECT process, accesses FROM foreign_pmap`. `rewind386 check FILE` runs every check.',
    '',
    'What a query means by the *alternate map*, *window* and *slot*: a 4.4BSD kernel of the 386 reads and writes the page tables of',
    'another process through page directory slot 1023 of its own (APTDpde); while that slot names a directory, its page tables',
    'appear from FFC00000h on (the window). Which slot it is comes from the guest profile (docs/guest-profile.md).',
    '',
    ...LIMITS,
    '## Queries',
    '',
    ...QUERIES.flatMap(describeQuery),
    '## Checks',
    '',
    'Each selects what should not exist. An **error** has happened: state of the guest was read or written wrongly. A **warning** is',
    'an accident that the code allows and that did no harm in this run. The numbered classes are those of alternate maps and TLBs, as',
    'kernels got them wrong; the named ones are of how a run ended. docs/bug-classes.md tells of',
    'each what it is, and which have no check; for those SQL over docs/tables.md can ask.',
    '',
    'The worst comes first: what led to the death of the machine (an error whose story wrote the page-table entry that the fault or',
    'panic names), the death itself, other errors, warnings. A trace is *clean* when it is whole and none of the checks that could',
    'apply found anything.',
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
  '`rewind386 query FILE --sql SQL` asks one question: SELECT, FROM, VALUES, SHOW TABLES, DESCRIBE, SUMMARIZE, or EXPLAIN of one. Anything',
  'else, or more than one statement, is rejected. A trace may come from anybody, so the database that it is loaded into (of `query`,',
  '`check`, `who-wrote`, `export`, `bundle` and `verify` alike) reaches nothing else: no file, no network and no extension, and its',
  'configuration is locked. `--allow-files` lets a SELECT of your own read files: to join a trace with a list of yours.',
  '',
  '| limit of one query | default | option |',
  '|---|---|---|',
  '| memory; what does not fit is spilled to the cache folder, at most 16 GB | half of what there is, at most 4 GB | `--memory 8G` |',
  `| time | ${DEFAULT_LIMITS.seconds} s | \`--timeout SECONDS\` |`,
  `| rows of an answer that is shown (\`--format parquet -o FILE\` has no limit) | ${DEFAULT_LIMITS.rows.toLocaleString('en-US')} | \`--max-rows N\` |`,
  '',
  '## Many traces',
  '',
  '`query`, `sql` and `check` take any number of traces, up to 65,536: `rewind386 query \'runs/*.r386\' --sql "…"`. A quoted pattern',
  '(`*`, `**`, `?`, `[…]`, `{a,b}`) is expanded in the order of the names, and a file of that very name wins; run_id numbers the traces in',
  'that order, and `run.file` names them. `check` has processes of its own check some traces each, on all processors, and tells it as one report.',
  '',
  '## The cache',
  '',
  'What is made of a trace to answer faster (tables, the index of `who-wrote`) is kept in the cache folder of the user:',
  '`$XDG_CACHE_HOME/rewind386`, else `~/.cache/rewind386`, on macOS `~/Library/Caches/rewind386`, on Windows `%LOCALAPPDATA%\\rewind386\\Cache`.',
  'A trace is known by its SHA-256, and another version of the tool keeps its own. A table is streamed from the trace to a Parquet file,',
  'however long it is, before the first query that names it reads it; a command that is killed leaves no half of one. Where the',
  'folder cannot be written to, tables are made in memory. Nothing that lies beside a trace is read, what is damaged is made again,',
  'and beyond 8 GB the traces not asked for the longest time are dropped. `rewind386 cache` says what is kept, `rewind386 cache --clear`',
  'removes it; the folder may be deleted at any time.',
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

import { GUEST_FUNCTIONS } from '../db/guest-functions.ts';
import { MACROS, type SqlFile, type SqlMacro, VIEWS } from '../sql/catalog.ts';
import { TABLES } from '../tables/index.ts';
import { SQL_TYPE, type TableColumn, type TraceTable } from '../tables/table.ts';

/** docs/tables.md, from the tables and views themselves. */
export const tablesDocument = (): string =>
  [
    '# Tables',
    '',
    'What `rewind386 query` and `export` see of a trace. This page is made from the code (`npm run docs`).',
    '',
    'Rules that hold everywhere:',
    '',
    '- An **icount** counts retired instructions from the start of the run; an event has the icount of the instruction that made',
    '  it. Virtual time is icount / `run.instructions_per_second`.',
    '- **seq** orders events of one icount, over all tables.',
    '- While paging is off, an event of `control_writes`, `interrupts` or `stack_switches` that comes again, the same but for the',
    '  time, is no row of its own: **count** of the first says how many there were up to the next rung of the ladder, **last_icount** when',
    '  the last one was. `sum(count)` counts events. What happened inside a folded interrupt has a frame_id without a row in',
    '  `interrupts`. Hardware interrupts, and everything while paging is on, are always rows.',
    '- Addresses are unsigned 32-bit numbers: linear unless the column says physical. PDEs and PTEs are as in memory: frame in',
    '  bits 31-12, then the bits of the 80386 (P 1, RW 2, US 4, A 20h, D 40h), PS 80h, G 100h.',
    '- With several traces (`query A B …`) every table has all their rows; **run_id** (USMALLINT, the first column) tells which',
    '  trace a row is of: 0 for the first. Join on it.',
    "- SQL may write addresses as `0xefbfe000`. A table is loaded when a query names it, and kept in the user's cache folder ([queries.md](queries.md#the-cache)).",
    '',
    '## Tables',
    '',
    ...TABLES.map(({ name, doc }) => `- [${name}](#${name}): ${doc}`),
    '',
    ...TABLES.flatMap(describeTable),
    '## Views',
    '',
    'Of these tables, in SQL (analysis/sql/views); the named queries without parameter (docs/queries.md) can be selected from as',
    'well, with _ for -.',
    '',
    ...VIEWS.filter(({ isQuery }) => !isQuery).flatMap(describeView),
    '## Functions',
    '',
    'Besides those of [DuckDB](https://duckdb.org/docs/stable/sql/functions/overview):',
    '',
    '| function | result | example |',
    '|---|---|---|',
    ...GUEST_FUNCTIONS.map(
      ({ name, doc, example }) => `| ${name}(run_id, address) | ${doc} | \`${example}\` |`,
    ),
    ...MACROS.map(describeMacro),
    '',
  ].join('\n');

function describeTable({ name, doc, columns }: TraceTable): string[] {
  return [`### ${name}`, '', `One row: ${doc}.`, '', ...columnTable(columns.map(tableRow)), ''];
}

const tableRow = (column: TableColumn): string[] => [column.name, sqlType(column), meaning(column)];

const sqlType = ({ kind, nullable }: TableColumn): string =>
  `${SQL_TYPE[kind]}${nullable ? ', may be NULL' : ''}`;

const meaning = ({ doc, words }: TableColumn): string => (words ? `${doc}: ${words.join(', ')}` : doc);

const columnTable = (rows: readonly string[][]): string[] => [
  '| column | type | meaning |',
  '|---|---|---|',
  ...rows.map((cells) => `| ${cells.join(' | ')} |`),
];

function describeView({ name, title, doc, columns }: SqlFile): string[] {
  return [
    `### ${name}`,
    '',
    `${title}.`,
    '',
    doc,
    '',
    '| column | meaning |',
    '|---|---|',
    ...columns.map((column) => `| ${column.name} | ${column.doc} |`),
    '',
  ];
}

function describeMacro({ name, parameters, doc, example }: SqlMacro): string {
  const meanings = parameters.map((parameter) => `${parameter.name}: ${parameter.doc}`).join('; ');
  const signature = `${name}(${parameters.map((parameter) => parameter.name).join(', ')})`;
  return `| ${signature} | ${doc.replace(/\.$/, '')}${meanings && ` (${meanings})`} | \`${example}\` |`;
}

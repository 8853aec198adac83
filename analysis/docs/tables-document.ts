import { GUEST_FUNCTIONS } from '../db/guest-functions.ts';
import { MACROS, type SqlFile, type SqlMacro, VIEWS } from '../sql/catalog.ts';
import { TABLES } from '../tables/index.ts';
import { SQL_TYPE, type TableColumn, type TraceTable } from '../tables/table.ts';

/** docs/tables.md, made from the tables and views. */
export const tablesDocument = (): string =>
  [
    '# Tables',
    '',
    'The tables, views and functions that `rewind386 query` and `export` offer for a trace. This page is generated from the code (`npm run docs`).',
    '',
    'These rules apply to all tables:',
    '',
    '- An **icount** counts retired instructions from the start of the run; an event has the icount of the instruction that caused',
    '  it. Virtual time is icount / `run.instructions_per_second`.',
    '- **seq** orders events with the same icount, over all tables.',
    '- While paging is disabled, repeats of an event of `control_writes`, `interrupts` or `stack_switches` that differ only in time have no',
    '  rows of their own. In the row of the first, **count** is the number of these events up to the next rung of the ladder, and',
    '  **last_icount** is the icount of the last one. `sum(count)` counts events. Events inside a folded interrupt have a frame_id without a',
    '  row in `interrupts`. Hardware interrupts, and all events while paging is enabled, always have rows.',
    '- Addresses are unsigned 32-bit numbers; they are linear unless the column says physical. PDEs and PTEs are as in memory: frame in',
    '  bits 31-12, then the bits of the 80386 (P 1, RW 2, US 4, A 20h, D 40h), PS 80h, G 100h.',
    '- With several traces (`query A B …`) every table contains the rows of all of them. **run_id** (USMALLINT, the first column) is the',
    '  index of the trace, 0 for the first. Join on it.',
    "- SQL may write addresses as `0xefbfe000`. A table is loaded when a query names it, and kept in the user's cache folder ([queries.md](queries.md#the-cache)).",
    '',
    '## Tables',
    '',
    ...TABLES.map(({ name, doc }) => `- [${name}](#${name}): ${doc}`),
    '',
    ...TABLES.flatMap(describeTable),
    '## Views',
    '',
    'Views over these tables, written in SQL (analysis/sql/views). The named queries without parameters ([queries.md](queries.md)) are also',
    'available as views, with _ for -.',
    '',
    ...VIEWS.filter(({ isQuery }) => !isQuery).flatMap(describeView),
    '## Functions',
    '',
    'In addition to the functions of [DuckDB](https://duckdb.org/docs/stable/sql/functions/overview):',
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

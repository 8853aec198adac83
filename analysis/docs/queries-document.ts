import { CHECKS, type Check } from '../check/checks.ts';
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
    '## Queries',
    '',
    ...QUERIES.flatMap(describeQuery),
    '## Checks',
    '',
    'Each selects what should not exist. An **error** has happened: state of the guest was read or written wrongly. A **warning** is',
    'an accident that the code allows and that did no harm in this run. Classes are numbered as kernels got them wrong: what a',
    'class has no check for, SQL over docs/tables.md can ask.',
    '',
    '| class | check | severity | what it finds |',
    '|---|---|---|---|',
    ...[...CHECKS].sort((a, b) => a.class - b.class).map(describeCheck),
    '',
  ].join('\n');

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

// Every named query, check, view and macro as a question that computes each of its rows, so that none is forgotten when one is added.
import { product } from './measure.mjs';

const { MACROS, QUERIES, VIEWS } = await product('analysis/sql/catalog.js');
const { CHECKS } = await product('analysis/check/catalog.js');

/** Of the named queries that have a parameter: something that the built-in guest writes often. */
const VALUES = { address: '0xefbfe000', frame: '0x38b000' };
/** From here on a number in an example is an icount. */
const ICOUNT = /(?<![\w.])\d{6,}(?!\w)/g;

/** One row, for which every column of every other row has to be computed. */
const whole = (sql) => `SELECT count(*) AS n, bit_xor(hash(t)) AS all_of_it FROM (${sql}) t`;

/** Replaces parameters ($name) by their values. */
const bound = (sql) => sql.replaceAll(/\$(\w+)/g, (_, name) => VALUES[name]);

/** `later`: instructions by which the icounts of examples are moved, to the end of a run. */
export const catalogueQuestions = (later) => [
  ...QUERIES.map(({ name, sql }) => ({ kind: 'query', name, sql: whole(bound(sql)) })),
  ...CHECKS.map(({ name, sql }) => ({ kind: 'check', name, sql: whole(sql) })),
  ...VIEWS.filter(({ isQuery }) => !isQuery).map(({ name }) => ({
    kind: 'view',
    name,
    sql: whole(`FROM ${name}`),
  })),
  ...MACROS.map(({ name, example }) => ({
    kind: 'macro',
    name,
    sql: whole(example.replaceAll(ICOUNT, (icount) => String(Number(icount) + later))),
  })),
];

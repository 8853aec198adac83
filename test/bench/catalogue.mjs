// Every question of the catalogue, each in a process of its own over a trace whose tables are kept: seconds of the whole process and of
// its processors, and its memory. Rows of a table on the standard output, slowest first.
// usage: node test/bench/catalogue.mjs FILE LATER [NAME…]     LATER: catalogue-questions.mjs
import { join } from 'node:path';
import { catalogueQuestions } from './catalogue-questions.mjs';
import { fixed, grouped, runScript, table } from './measure.mjs';

const [file, later, ...names] = process.argv.slice(2);
const script = join(import.meta.dirname, 'query-trace.mjs');
const questions = catalogueQuestions(Number(later)).filter(
  ({ name }) => names.length === 0 || names.includes(name),
);
const answers = questions.map(({ kind, name, sql }) => {
  try {
    const [answer] = runScript(script, [file, sql]);
    process.stderr.write(`${kind} ${name}: ${fixed(answer.sinceStart)} s, ${fixed(answer.processor)}\n`);
    return { ...answer, kind, name };
  } catch {
    process.stderr.write(`${kind} ${name}: failed\n`);
    return { kind, name, sinceStart: Number.POSITIVE_INFINITY, processor: 0, rss: 0 };
  }
});
answers.sort((a, b) => b.sinceStart - a.sinceStart);
table(
  ['', 'name', 'seconds', 'of processors', 'peak RSS, MB'],
  answers.map(({ kind, name, sinceStart, processor, rss }) =>
    sinceStart === Number.POSITIVE_INFINITY
      ? [kind, name, 'failed', '', '']
      : [kind, name, fixed(sinceStart), fixed(processor), grouped(rss / 1e6)],
  ),
);

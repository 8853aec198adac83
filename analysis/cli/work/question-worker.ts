import '../../../host/install.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { TraceDamage } from '../../../schemas/trace/framing.ts';
import { SqlError } from '../../db/sql-error.ts';
import type { TraceDatabase } from '../../db/trace-database.ts';
import { answerQuestion } from '../../server/questions.ts';
import { givenNames } from '../options/guest-names.ts';
import { openDatabase } from './open-database.ts';
import type { QuestionReply, QuestionSent, QuestionsOpened } from './question-process.ts';

/** The process that answers the SQL console of a server (question-process.ts), one question at a time; it ends with the other. */

/** Memory of the process beside what DuckDB counts: the program, rows, and texts that DuckDB does not count. */
const BESIDE_BYTES = 2 * 2 ** 30;
const LOOK_MS = 50;

let db: TraceDatabase | undefined;
let stop = new AbortController();

const reply = (answer: QuestionReply) => process.send?.(answer);

async function open({
  files,
  limits,
  symbols,
  program = [],
  profile,
  folder,
}: QuestionsOpened): Promise<void> {
  const names = givenNames({ symbols, program, profile });
  db = await openDatabase(files, { outputFolders: [folder], limits, names });
  // DuckDB counts what its operators hold; a long text or list is not among it.
  const most = limits.memoryBytes + BESIDE_BYTES;
  setInterval(() => {
    if (process.memoryUsage.rss() > most) process.kill(process.pid, 'SIGKILL');
  }, LOOK_MS).unref();
}

async function answered(sent: Exclude<QuestionSent, 'stop'>): Promise<QuestionReply> {
  try {
    if ('open' in sent) {
      await open(sent.open);
      return 'open';
    }
    if (!db) throw new Error('no traces are open');
    stop = new AbortController();
    const { signal } = stop;
    const onBegin = () => reply('begins');
    return { answer: await answerQuestion(db, sent.question, { signal, onBegin }) };
  } catch (error) {
    const { message, next } = error as BadInput;
    const position = error instanceof SqlError ? error.position : undefined;
    const isInput = error instanceof BadInput || error instanceof TraceDamage;
    return isInput ? { wrong: message, next, position } : { failed: message };
  }
}

process.on('message', async (sent: QuestionSent) => {
  if (sent === 'stop') stop.abort();
  else reply(await answered(sent));
});
process.on('disconnect', () => {
  db?.close();
  process.exit();
});

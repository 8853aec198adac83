import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { QueryLimits } from '../../db/limits.ts';
import { type Position, SqlError } from '../../db/sql-error.ts';
import { stopped, stoppedAfter } from '../../db/statement.ts';
import type { Question, Questions } from '../../server/questions.ts';

/**
 * The SQL console of a server in a process of its own. A question can be written so that DuckDB does not hear that it is to stop, or so
 * that its answer takes more memory than a process has: then this one is ended, and another answers the next question.
 */

export interface QuestionsOpened {
  readonly files: readonly string[];
  readonly limits: QueryLimits;
  readonly symbols?: string | undefined;
  readonly program?: readonly string[] | undefined;
  readonly profile?: string | undefined;
  /** Files may be written there. */
  readonly folder: string;
}

export type QuestionSent = { readonly open: QuestionsOpened } | { readonly question: Question } | 'stop';

export type QuestionReply =
  | 'open'
  /** The tables are loaded: the question's time begins. */
  | 'begins'
  | { readonly answer: string }
  | { readonly wrong: string; readonly next?: string | undefined; readonly position?: Position | undefined }
  | { readonly failed: string };

/** From the end of its time, or from when it is told to stop, until a question is ended by force. */
const GRACE_MS = 1500;
/** Heap of the process's own objects: the rows of an answer. */
const HEAP_MB = 1024;

const worker = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts')
      ? '../../../dist/analysis/cli/work/question-worker.js'
      : './question-worker.js',
    import.meta.url,
  ),
);

export class QuestionProcess implements Questions {
  private readonly opened: QuestionsOpened;
  private child: ChildProcess | undefined;
  /** Settled once nothing is being answered. */
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;

  private constructor(opened: QuestionsOpened) {
    this.opened = opened;
  }

  /** Returns once the traces are open; throws BadInput where they cannot be. */
  static async open(opened: QuestionsOpened): Promise<QuestionProcess> {
    if (!existsSync(worker)) throw new Error(`${worker} is not built`);
    const questions = new QuestionProcess(opened);
    await questions.begin();
    return questions;
  }

  ask(question: Question, signal: AbortSignal): Promise<string> {
    const turn = this.last.then(async () => {
      if (signal.aborted || this.closed) throw stopped();
      const child = await this.begin();
      // A process takes a while to start.
      if (signal.aborted) throw stopped();
      return await this.answer(child, question, signal);
    });
    this.last = turn.catch(() => {});
    return turn;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.last;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.on('exit', resolve));
    if (child.connected) child.disconnect();
    await ended;
  }

  /** The process that answers, with the traces open. */
  private async begin(): Promise<ChildProcess> {
    if (this.child?.connected) return this.child;
    const child = fork(worker, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MB}`],
    });
    this.child = child;
    await replyOf(child, { open: this.opened }, (reply) => reply === 'open');
    return child;
  }

  private async answer(child: ChildProcess, question: Question, signal: AbortSignal): Promise<string> {
    const { seconds } = this.opened.limits;
    let timer: NodeJS.Timeout | undefined;
    const endIn = (milliseconds: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), Math.min(milliseconds, 2 ** 31 - 1));
    };
    const stop = () => {
      if (child.connected) child.send('stop' satisfies QuestionSent, () => {});
      endIn(GRACE_MS);
    };
    signal.addEventListener('abort', stop);
    let begun = Number.POSITIVE_INFINITY;
    const began = () => {
      begun = performance.now();
      if (!signal.aborted) endIn(seconds * 1000 + GRACE_MS);
    };
    try {
      const reply = await replyOf(child, { question }, (reply) => {
        if (reply === 'begins') began();
        return reply !== 'begins';
      });
      return typeof reply === 'object' && 'answer' in reply ? reply.answer : '';
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      // Its channel may still look open: the next question gets another process.
      this.child = undefined;
      if (signal.aborted) throw stopped();
      if (performance.now() - begun >= seconds * 1000) throw stoppedAfter(seconds);
      throw tooMuchMemory();
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }
}

/** The process ended before it answered. */
class Ended extends Error {}

const tooMuchMemory = (): BadInput =>
  new BadInput(
    'the query exceeds its memory limit',
    'narrow the query: fewer rows, or shorter lists and texts',
  );

/** The first reply that `isLast`; throws what is wrong, and Ended where the process ended. */
async function replyOf(
  child: ChildProcess,
  sent: QuestionSent,
  isLast: (reply: QuestionReply) => boolean,
): Promise<QuestionReply> {
  const reply = await new Promise<QuestionReply>((resolve, reject) => {
    const settle = (then: () => void) => {
      child.off('message', heard).off('exit', gone).off('error', gone);
      then();
    };
    const gone = () => settle(() => reject(new Ended('the process ended')));
    const heard = (message: unknown) => {
      const told = message as QuestionReply;
      if (typeof told === 'object' || isLast(told)) settle(() => resolve(told));
    };
    child.on('message', heard).on('exit', gone).on('error', gone);
    child.send(sent, (error) => error && gone());
  });
  if (typeof reply === 'string') return reply;
  if ('failed' in reply) throw new Error(reply.failed);
  if (!('wrong' in reply)) return reply;
  const { wrong, next = '', position } = reply;
  throw position ? new SqlError(wrong, next, position) : new BadInput(wrong, reply.next);
}

import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { QueryLimits } from '../../db/limits.ts';
import type { RunDifference } from '../../web/serve-data.ts';

/** Runs long work of a server in separate processes, so that the server stays responsive. */

export interface PageAsked {
  readonly file: string;
  readonly limits: QueryLimits;
  readonly symbols?: string | undefined;
  readonly profile?: string | undefined;
  readonly replay: boolean;
  readonly disk: readonly string[];
}

export type WorkAsked =
  | ({ readonly kind: 'page' } & PageAsked)
  | { readonly kind: 'difference'; readonly files: readonly [first: string, other: string] };

export type WorkReply =
  | { readonly done: unknown }
  | { readonly wrong: string; readonly next?: string | undefined }
  | { readonly failed: string };

const worker = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../../dist/analysis/cli/work/serve-worker.js' : './serve-worker.js',
    import.meta.url,
  ),
);

/** The facts of a page, packed, as JSON. */
export const pageInProcess = async (asked: PageAsked, signal: AbortSignal): Promise<string> =>
  (await inProcess({ kind: 'page', ...asked }, signal)) as string;

export const differenceInProcess = async (
  files: readonly [first: string, other: string],
  signal: AbortSignal,
): Promise<RunDifference> => (await inProcess({ kind: 'difference', files }, signal)) as RunDifference;

/** Throws the error of the process; aborting the signal ends the process. */
async function inProcess(asked: WorkAsked, signal: AbortSignal): Promise<unknown> {
  if (!existsSync(worker)) throw new Error(`${worker} is not built`);
  const child = fork(worker, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const end = () => child.kill();
  signal.addEventListener('abort', end);
  try {
    const reply = await new Promise<WorkReply>((resolve) => {
      child.on('message', (answer) => resolve(answer as WorkReply));
      child.on('exit', (code, by) => resolve({ failed: `the process ended with ${by ?? code}` }));
      child.on('error', (error) => resolve({ failed: error.message }));
      child.send(asked, () => {});
    });
    if ('done' in reply) return reply.done;
    if ('wrong' in reply) throw new BadInput(reply.wrong, reply.next);
    throw new Error(reply.failed);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { QueryLimits } from '../../db/limits.ts';
import type { PageData } from '../../web/page-data.ts';

/** The facts of a page, made in a process of its own: a server goes on answering meanwhile. */

export interface PageAsked {
  readonly file: string;
  readonly limits: QueryLimits;
  readonly symbols?: string | undefined;
  readonly profile?: string | undefined;
  readonly replay: boolean;
  readonly disk: readonly string[];
}

export type PageReply =
  | { readonly page: PageData }
  | { readonly wrong: string; readonly next?: string | undefined }
  | { readonly failed: string };

const worker = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../../dist/analysis/cli/work/page-worker.js' : './page-worker.js',
    import.meta.url,
  ),
);

/** Throws what is wrong with the trace; the process ends when the signal says so. */
export async function pageInProcess(asked: PageAsked, signal: AbortSignal): Promise<PageData> {
  if (!existsSync(worker)) throw new Error(`${worker} is not built`);
  const child = fork(worker, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const end = () => child.kill();
  signal.addEventListener('abort', end);
  try {
    const reply = await new Promise<PageReply>((resolve) => {
      child.on('message', (answer) => resolve(answer as PageReply));
      child.on('exit', (code, by) => resolve({ failed: `the process ended with ${by ?? code}` }));
      child.on('error', (error) => resolve({ failed: error.message }));
      child.send(asked, () => {});
    });
    if ('page' in reply) return reply.page;
    if ('wrong' in reply) throw new BadInput(reply.wrong, reply.next);
    throw new Error(reply.failed);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it, vi } from 'vitest';
import { onProcesses } from '../../analysis/cli/work/on-processes.ts';

/** Requests that are distributed to worker processes. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Fails at a request, or leaves its process id and answers after as many milliseconds. */
const worker = join(folder, 'worker.mjs');
writeFileSync(
  worker,
  `import { renameSync, writeFileSync } from 'node:fs';
  process.on('message', ({ pidFile, after }) => {
    if (!pidFile) return process.send('failed');
    writeFileSync(pidFile + '.tmp', String(process.pid));
    renameSync(pidFile + '.tmp', pidFile);
    setTimeout(() => process.send({}), after);
  });
  process.on('disconnect', () => process.exit());`,
);

interface Request {
  readonly pidFile?: string;
  readonly after?: number;
}

it('after an error every process ends, and what it was asked is not answered', async () => {
  const pidFile = join(folder, 'pid');
  const answered: Request[] = [];
  const done = onProcesses<Request, object>({
    entry: pathToFileURL(worker),
    jobs: 2,
    requests: [{ pidFile, after: 2000 }, {}],
    here: async () => {
      await vi.waitFor(() => expect(existsSync(pidFile)).toBe(true), { timeout: 5000 });
      throw new Error('the reason');
    },
    onAnswer: (request) => answered.push(request),
    signal: new AbortController().signal,
  });
  await expect(done).rejects.toThrow('the reason');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 5000 });
  expect(answered).toEqual([]);
});

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { unfinishedAt } from '../../analysis/db/unfinished.ts';

it('a signal is left to a job that ends in order, also where that listened first', () => {
  const folder = mkdtempSync(join(tmpdir(), 'r386-unfinished-'));
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  // As `interrupted` does: it stops listening as it hears of the signal.
  const stop = vi.fn(() => void process.off('SIGHUP', stop));
  process.on('SIGHUP', stop);
  const finished = unfinishedAt(folder);
  process.emit('SIGHUP', 'SIGHUP');
  expect([stop.mock.calls.length, kill.mock.calls.length, existsSync(folder)]).toEqual([1, 0, true]);
  // Nobody else listens: what is unfinished goes, and so does the process.
  process.emit('SIGHUP', 'SIGHUP');
  expect([kill.mock.calls, existsSync(folder)]).toEqual([[[process.pid, 'SIGHUP']], false]);
  finished();
  kill.mockRestore();
  rmSync(folder, { recursive: true, force: true });
});

import { describe, expect, it, vi } from 'vitest';
import { runCli } from './run-cli.ts';

vi.mock('../../analysis/cli/commands/info.ts', () => ({
  addInfo: (cli: import('yargs').Argv) =>
    cli.command('info <file>', 'fails as only a bug of ours can', {}, () => {
      throw new TypeError('nothing is not a function');
    }),
}));

describe('an internal error', () => {
  it('has a status of its own, and says which command makes a report', async () => {
    const { status, stderr } = await runCli('info', "it's.r386");
    expect(status).toBe(70);
    expect(stderr).toEqual([
      'rewind386: internal error: nothing is not a function',
      `next: REWIND386_STACK=1 rewind386 info 'it'\\''s.r386' makes a report to send`,
    ]);
  });

  it('shows where, and of which version, when it is asked to', async () => {
    process.env.REWIND386_STACK = '1';
    try {
      const { status, stderr } = await runCli('info', 'a.r386');
      expect(status).toBe(70);
      expect(stderr[1]).toBe('TypeError: nothing is not a function');
      expect(stderr.at(-2)).toMatch(/^rewind386 \d+\.\d+\.\d+, Node v\d+/);
    } finally {
      delete process.env.REWIND386_STACK;
    }
  });

  it('is not what a file is that cannot be read', async () => {
    expect((await runCli('check', '/nowhere/a.r386')).status).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import { barText, countText } from '../../analysis/cli/terminal/progress.ts';
import { StatusLine } from '../../analysis/cli/terminal/status-line.ts';
import { EmulatedTerminal } from './terminal-screen.ts';

/** Progress on a terminal: what a job says meanwhile stays as it was written. */

const SAID = [
  '  | bsd96: buggy kernel, workload ftpd, seed 117',
  '  | a line that is a good deal longer than the terminal is wide, so that it wraps, and wraps again '
    .repeat(3)
    .trimEnd(),
  '',
  '  | panic: pmap_enter: no page table for efbfe000',
  'next: rewind386 check t.r386',
];

describe.each([20, 80, 120, 200])('a terminal of %i columns', (columns) => {
  it('keeps every line, and nothing of the bar', async () => {
    const terminal = new EmulatedTerminal(columns);
    const status = new StatusLine(terminal);
    const written: string[] = [];
    for (let done = 1; done <= 60; done++) {
      status.show(barText('recording', done * 1e6, 60e6, done, status.room));
      const line = SAID[done % SAID.length];
      if (done % 3 === 0) status.above(() => terminal.write(`${line}\n`));
      if (done % 3 === 0) written.push(line);
    }
    status.hide();
    terminal.write('end\n');
    expect(await terminal.lines()).toEqual([...written, 'end']);
  });

  it('shows the bar in the last line, which it does not fill', async () => {
    const terminal = new EmulatedTerminal(columns);
    const status = new StatusLine(terminal);
    terminal.write('said before\n');
    status.show('x'.repeat(500));
    status.show(barText('replaying', 30e6, 60e6, 2, status.room));
    status.above(() => terminal.write('said meanwhile\n'));
    const lines = await terminal.lines();
    expect(lines.slice(0, 2)).toEqual(['said before', 'said meanwhile']);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^replaying.* 50%/);
    expect(lines[2].length).toBeLessThan(columns);
  });

  it('takes a flash away with the next line', async () => {
    const terminal = new EmulatedTerminal(columns);
    const status = new StatusLine(terminal);
    status.flash('reading interrupts…');
    expect(await terminal.lines()).toHaveLength(1);
    status.above(() => terminal.write('row\n'));
    status.above(() => terminal.write('row\n'));
    expect(await terminal.lines()).toEqual(['row', 'row']);
  });
});

it('writes nothing where there is no terminal', () => {
  const written: string[] = [];
  const status = new StatusLine({ isTTY: false, write: (text) => written.push(text) });
  status.show('recording');
  status.above(() => written.push('line\n'));
  status.hide();
  expect(written).toEqual(['line\n']);
});

it('tells the time left of what has an end, and the speed of what has none', () => {
  expect(barText('replaying', 15e6, 60e6, 10, 79)).toBe(
    `replaying ${'█'.repeat(7)}${'░'.repeat(22)} 25%  15,000,000 of 60,000,000  30s left`,
  );
  expect(barText('replaying', 15e6, 60e6, 100, 30)).toBe('replaying 25%  5m 0s left');
  expect(countText('recording', 42_000_000, 2)).toBe(
    'recording: 42,000,000 instructions in 2s, 21.0 million a second',
  );
});

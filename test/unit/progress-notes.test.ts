import { expect, it } from 'vitest';
import { ProgressNotes } from '../../replayer/debug/progress-notes.ts';

it('tells of a run that is long, every two seconds, and not of short ones one after the other', () => {
  const said: string[] = [];
  let now = 0;
  const notes = new ProgressNotes(
    2e9,
    (text) => said.push(text),
    () => now,
  );
  /** Signs of life each 50 ms. */
  const run = (ms: number) => {
    for (const end = now + ms; now < end; now += 50) notes.at(now * 1000);
  };
  for (let n = 0; n < 10; n++) {
    run(1_500);
    now += 5_000;
  }
  expect(said).toEqual([]);
  now = 1_000_000;
  run(5_000);
  expect(said).toEqual([
    'executing: icount 1,002,000,000 of 2,000,000,000',
    'executing: icount 1,004,000,000 of 2,000,000,000',
  ]);
});

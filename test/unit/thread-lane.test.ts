import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import type { ThreadLane } from '../../host/thread-lane.ts';

/** Ways in which the thread of a lane can fail. Threads need the compiled program. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

const host = pathToFileURL(resolve(import.meta.dirname, '../../dist/host')).href;
const { ThreadLane: Lane } = (await import(`${host}/thread-lane.js`)) as { ThreadLane: typeof ThreadLane };

/** A lane to a thread that executes `code`. */
function laneOf(name: string, code: string): ThreadLane<string> {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `import { serveLane } from '${host}/lane-thread.js';\nimport { rmSync } from 'node:fs';\n${code}`,
  );
  return new Lane<string>(pathToFileURL(file), undefined, new Error('silent'));
}

it('a thread that ends outside of a message is noticed at once, with its reason', () => {
  const lane = laneOf('ends', "throw new Error('no ground');");
  lane.post('one');
  expect(() => lane.drainTo(0)).toThrow('no ground');
  lane.abandon('last');
});

it('what is thrown may be anything', () => {
  const lane = laneOf('nothing', 'serveLane(() => { throw null; });');
  lane.post('one');
  expect(() => lane.drainTo(0)).toThrow('null');
  lane.abandon('last');
});

it('after a failure the last message is processed before the thread ends', () => {
  const made = join(folder, 'made');
  writeFileSync(made, '');
  const lane = laneOf(
    'cleans',
    `serveLane((message) => {
      if (message !== 'last') throw new Error(message);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      rmSync(${JSON.stringify(made)});
    }, (message) => message === 'last');`,
  );
  lane.post('one');
  expect(() => lane.drainTo(0)).toThrow('one');
  lane.abandon('last');
  expect(existsSync(made)).toBe(false);
});

import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Slow suites that take over a minute, the longest first. */
const LONGEST = [
  'hostile-files',
  'random-code',
  'bug-classes',
  'killed',
  'same-bytes',
  'serve',
  'memtest',
  'seeds',
  'flipped-bits',
  'explore-placements',
  'x87',
  'report',
  'linux',
  'differential',
  'compiled-memory',
  'inevitable',
  'grub',
  'debuggers',
  'fleet',
  'left-open',
];

/** Long suites begin first, so that no worker is left with one when the others have nothing more to do. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.indexOf(basename(moduleId, '.test.ts'));
      return found < 0 ? LONGEST.length : found;
    };
    return [...files].sort((a, b) => place(a) - place(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}

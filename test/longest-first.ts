import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Slow suites that take over a minute, the longest first. */
const LONGEST = [
  'random-code',
  'hostile-files',
  'bug-classes',
  'killed',
  'serve',
  'memtest',
  'explore-targets',
  'fleet',
  'linux',
  'seeds',
  'same-bytes',
  'grub',
  'explore-placements',
  'debuggers',
  'terminal',
  'why',
  'explore-search',
  'flipped-bits',
  'report',
  'x87',
  'differential',
  'compiled-memory',
  'inevitable',
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

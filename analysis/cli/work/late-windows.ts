import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Window } from '../../explore/placements.ts';
import type { InterruptTime } from '../../what-if/recorded-interrupts.ts';
import { writePlacement } from './write-placement.ts';

/** The windows that a user's SQL selects in the runs in which one interrupt comes as late as it may: each such run is recorded, and asked. */

export interface LateAsked {
  readonly file: string;
  readonly irq: number;
  /** Instructions behind the interrupt that are recorded too: the last use of a window may lie there. */
  readonly within: number;
  readonly disks: readonly string[] | undefined;
  /** Ends the recording; there are no windows then. */
  readonly signal: AbortSignal;
}

export class LateWindows {
  private folder: string | undefined;
  private readonly asked: LateAsked;
  private readonly windowsIn: (trace: string) => Promise<readonly Window[]>;

  constructor(asked: LateAsked, windowsIn: (trace: string) => Promise<readonly Window[]>) {
    this.asked = asked;
    this.windowsIn = windowsIn;
  }

  async of({ raisedAt }: InterruptTime, latest: number): Promise<readonly Window[]> {
    const { file, irq, within, disks, signal } = this.asked;
    this.folder ??= mkdtempSync(join(tmpdir(), 'rewind386-late-'));
    const path = join(this.folder, 'late.r386');
    const option = `--schedule irq${irq}=${latest}@${raisedAt}`;
    try {
      await writePlacement({ file, option, path, until: latest + within, disks, signal });
      return signal.aborted ? [] : await this.windowsIn(path);
    } finally {
      rmSync(path, { force: true });
    }
  }

  close(): void {
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true, force: true });
  }
}

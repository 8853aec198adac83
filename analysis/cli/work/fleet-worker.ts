import type { Outcome } from '../../explore/explore.ts';
import { isHeard, type Target } from '../../explore/target.ts';
import type { FleetFolder } from '../../fleet/folder.ts';
import type { Job } from '../../fleet/job.ts';
import { writeResult } from '../../fleet/results.ts';
import { askExplorer, EXPLORE_WORKER } from './ask-explorer.ts';
import type { ExploredRun } from './explore-messages.ts';
import { makeScratch, type Scratch } from './open-examiner.ts';
import { WorkerProcess } from './worker-process.ts';

/** Runs the jobs of a queue in worker processes, so that this process can always renew its locks. */

/** A process, and its run and position; it can only go forward. */
interface Hand {
  readonly process: WorkerProcess;
  readonly run: string;
  at: number;
}

export class FleetWorker {
  private readonly folder: FleetFolder;
  /** Idle processes. */
  private readonly idle: Hand[] = [];
  private readonly busy = new Set<Hand>();

  private scratch: Scratch | undefined;

  constructor(folder: FleetFolder) {
    this.folder = folder;
  }

  /** Runs a job; throws if it cannot be done here. */
  async work(job: Job): Promise<void> {
    const hand = this.handFor(job);
    this.busy.add(hand);
    const outcomes: Outcome[] = [];
    const scratch = this.scratchFor(job);
    const run = {
      ...job.options,
      file: this.folder.trace(job.run),
      disks: undefined,
      scratch,
    } as ExploredRun;
    const tally = await askExplorer(hand.process, { run, stretch: job.stretch }, (outcome) =>
      outcomes.push(outcome),
    );
    this.busy.delete(hand);
    if (!tally) {
      hand.process.end();
      throw new Error(
        `the placements from icount ${job.stretch.boundaries[0].first} on could not be run here`,
      );
    }
    hand.at = job.stretch.forkAt;
    this.idle.push(hand);
    await writeResult(this.folder, job, { outcomes, tally });
  }

  /** An idle process that can continue from its position, or a new one. */
  private handFor(job: Job): Hand {
    const run = `${job.run} ${JSON.stringify(job.options)}`;
    const fit = this.idle.findIndex((hand) => hand.run === run && hand.at <= job.stretch.forkAt);
    if (fit >= 0) return this.idle.splice(fit, 1)[0];
    this.idle.shift()?.process.end();
    return { process: new WorkerProcess(EXPLORE_WORKER), run, at: 0 };
  }

  private scratchFor({ options }: Job): string | undefined {
    if (isHeard(options.target as Target | undefined)) return undefined;
    this.scratch ??= makeScratch();
    return this.scratch.folder;
  }

  /** Ends its processes; their unfinished jobs go to other workers. */
  end(): void {
    for (const { process } of [...this.idle, ...this.busy]) process.end(true);
    this.scratch?.remove();
  }
}

import type { Outcome } from '../../explore/explore.ts';
import type { FleetFolder } from '../../fleet/folder.ts';
import type { Job } from '../../fleet/job.ts';
import { writeResult } from '../../fleet/results.ts';
import { askExplorer, EXPLORE_WORKER } from './ask-explorer.ts';
import type { ExploredRun } from './explore-messages.ts';
import { WorkerProcess } from './worker-process.ts';

/** Does the jobs of a queue in processes of their own, so that this one is always free to tell the queue that it lives. */

/** A process, and how far it is in which run: it goes forward alone. */
interface Hand {
  readonly process: WorkerProcess;
  readonly run: string;
  at: number;
}

export class FleetWorker {
  private readonly folder: FleetFolder;
  /** Processes with nothing to do. */
  private readonly idle: Hand[] = [];
  private readonly busy = new Set<Hand>();

  constructor(folder: FleetFolder) {
    this.folder = folder;
  }

  /** Throws when the job cannot be done here. */
  async work(job: Job): Promise<void> {
    const hand = this.handFor(job);
    this.busy.add(hand);
    const outcomes: Outcome[] = [];
    const run = { ...job.options, file: this.folder.trace(job.run), disks: undefined } as ExploredRun;
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

  /** A process that can go on from where it is, or a new one. */
  private handFor(job: Job): Hand {
    const run = `${job.run} ${JSON.stringify(job.options)}`;
    const fit = this.idle.findIndex((hand) => hand.run === run && hand.at <= job.stretch.forkAt);
    if (fit >= 0) return this.idle.splice(fit, 1)[0];
    this.idle.shift()?.process.end();
    return { process: new WorkerProcess(EXPLORE_WORKER), run, at: 0 };
  }

  /** Ends its processes; what they are doing is lost, and some other worker's. */
  end(): void {
    for (const { process } of [...this.idle, ...this.busy]) process.end(true);
  }
}

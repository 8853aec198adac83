import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { FleetFolder } from '../../fleet/folder.ts';
import { openRedis, takeJobs } from '../../fleet/work-queue.ts';
import { parseJobs, parseSeconds } from '../options/values.ts';
import { EXIT } from '../report/exit-status.ts';
import { plural } from '../terminal/format.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { complain, print } from '../terminal/output.ts';
import { FleetWorker } from '../work/fleet-worker.ts';

/** `rewind386 worker`: does work for `explore --queue` on this machine. */
export const addWorker = (cli: Argv): Argv =>
  cli.command('worker', 'run placements for `explore --queue` on other machines', options, async (given) => {
    process.exitCode = await run(given);
  });

interface Given {
  readonly queue: string;
  readonly folder: string;
  readonly jobs: string | undefined;
  readonly idle: string | undefined;
}

async function run(given: Given): Promise<number> {
  const jobs = given.jobs === undefined ? availableParallelism() : parseJobs(given.jobs);
  const idle = given.idle === undefined ? undefined : parseSeconds(given.idle, '--idle');
  if (!existsSync(given.folder))
    throw new BadInput(`no folder ${given.folder}`, 'give --folder the one that explore --queue was given');
  const redis = await openRedis(given.queue);
  const worker = new FleetWorker(new FleetFolder(given.folder));
  let pieces = 0;
  let ended = false;
  const done = await interruptible(async (signal) => {
    const quiet = new Quiet(idle);
    const close = takeJobs(redis, {
      jobs,
      work: (job) =>
        quiet.while(async () => {
          await worker.work(job);
          pieces++;
        }),
      // The queue reports it to the client.
      failed: (message) => !ended && complain(`note: ${message}`),
    });
    await Promise.race([aborted(signal), quiet.come]);
    ended = true;
    await close();
    return pieces;
  });
  worker.end();
  print(`${plural(done, 'piece')} of work done`);
  return EXIT.ok;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** Resolves after this many seconds without work; never if there is no limit. */
class Quiet {
  readonly come: Promise<void>;
  private end = () => {};
  private timer: NodeJS.Timeout | undefined;
  private running = 0;
  private readonly seconds: number | undefined;

  constructor(seconds: number | undefined) {
    this.seconds = seconds;
    this.come = new Promise((resolve) => {
      this.end = resolve;
    });
    this.wait();
  }

  async while(work: () => Promise<void>): Promise<void> {
    clearTimeout(this.timer);
    this.running++;
    try {
      await work();
    } finally {
      this.running--;
      if (this.running === 0) this.wait();
    }
  }

  private wait(): void {
    if (this.seconds !== undefined) this.timer = setTimeout(this.end, this.seconds * 1000);
  }
}

const options = (yargs: Argv) =>
  yargs
    .options({
      queue: {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'the Redis server with the work: redis://HOST:PORT',
      },
      folder: {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'the folder that all machines share (docs/fleet.md)',
      },
      jobs: { type: 'string', requiresArg: true, describe: 'processes (default: one per processor)' },
      idle: {
        type: 'string',
        requiresArg: true,
        describe: 'end after this time without work, for example 30s or 5m (default: never)',
      },
    })
    .example('$0 worker --queue redis://queue:6379 --folder /mnt/fleet', 'until Ctrl-C')
    .epilogue('Ctrl-C ends it after the pieces in progress.');

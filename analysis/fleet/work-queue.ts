import type * as BullMq from 'bullmq';
import { BadInput } from '../../schemas/bad-input.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { asJob, type Job, nameOf } from './job.ts';

/**
 * Jobs in Redis, by BullMQ: each is given to one worker at a time, and to another when that one no longer renews its lock. Both packages
 * are optional dependencies, and are loaded here alone.
 */

const QUEUE = 'rewind386';
/** Times that a job is tried before whoever asked for it does it. */
const ATTEMPTS = 3;
/** A worker that has not renewed its lock for so long is gone, ms. */
const LOCK_MS = 15_000;
const CONNECT_MS = 5_000;

/** A queue's Redis, of which it is known that it answers. */
export interface Redis {
  readonly url: string;
  readonly bull: typeof BullMq;
}

/** Throws BadInput for a URL that is none, packages that are not installed, and a server that does not answer. */
export async function openRedis(url: string): Promise<Redis> {
  const place = placeOf(url);
  const { bull, Client } = await packages();
  const client = new Client(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    retryStrategy: () => null,
  });
  // What went wrong is told by connect() and ping().
  client.on('error', () => {});
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw new BadInput(
      `no Redis answers at ${place}: ${untrusted((error as Error).message.split('\n')[0])}`,
      'start redis-server there, or give --queue redis://HOST:PORT',
    );
  } finally {
    client.disconnect();
  }
  return { url, bull };
}

/** Host and port of a URL, without its password. */
function placeOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^rediss?:$/.test(url.protocol) && url.hostname !== '')
    return `${url.hostname}:${url.port || 6379}`;
  throw new BadInput('--queue needs the address of a Redis server', 'write redis://HOST:PORT');
}

async function packages() {
  try {
    const [bull, { Redis: Client }] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bull, Client };
  } catch {
    throw new BadInput('--queue needs the packages bullmq and ioredis', 'npm install bullmq ioredis');
  }
}

/** BullMQ itself decides when to try again. */
const connectionOf = ({ url }: Redis) => ({ url, maxRetriesPerRequest: null });

/** The side that has work to be done. */
export class JobBoard {
  private readonly queue: BullMq.Queue;
  private readonly events: BullMq.QueueEvents;

  private constructor(queue: BullMq.Queue, events: BullMq.QueueEvents) {
    this.queue = queue;
    this.events = events;
  }

  /** `ended` is told the name of each job that a worker has ended with, well or not. */
  static async open(redis: Redis, ended: (job: string, done: boolean) => void): Promise<JobBoard> {
    const connection = connectionOf(redis);
    const queue = new redis.bull.Queue(QUEUE, { connection });
    const events = new redis.bull.QueueEvents(QUEUE, { connection });
    events.on('completed', ({ jobId }) => ended(jobId, true));
    events.on('failed', ({ jobId }) => ended(jobId, false));
    await events.waitUntilReady();
    return new JobBoard(queue, events);
  }

  /** A job that is waiting or being worked at is not added again. */
  async add(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) {
      const jobId = nameOf(job);
      // What failed for somebody else is tried anew.
      const known = await this.queue.getJob(jobId);
      if (known && ((await known.isFailed()) || (await known.isCompleted()))) await known.remove();
      const options = { jobId, attempts: ATTEMPTS, removeOnComplete: true };
      await this.queue.add('explore', job, options);
    }
  }

  /** Takes back jobs that nobody has begun. */
  async withdraw(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) {
      const known = await this.queue.getJob(nameOf(job));
      // Refused for one that is being worked at.
      await known?.remove().catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.events.close();
    await this.queue.close();
  }
}

export interface WorkerOptions {
  /** Jobs at once. */
  readonly jobs: number;
  /** Does a job; throws when it cannot be done. */
  readonly work: (job: Job) => Promise<void>;
  /** Told why a job failed, or what the queue's server says. */
  readonly failed: (message: string) => void;
}

/** Works at whatever is in the queue; returns what ends that, after the jobs begun. */
export function takeJobs(redis: Redis, { jobs, work, failed }: WorkerOptions): () => Promise<void> {
  const run = async ({ data }: BullMq.Job): Promise<void> => {
    const job = asJob(data);
    if (!job) throw new Error('not a job of this version of rewind386');
    await work(job);
  };
  const worker = new redis.bull.Worker(QUEUE, run, {
    ...{ connection: connectionOf(redis), concurrency: jobs },
    ...{ lockDuration: LOCK_MS, stalledInterval: LOCK_MS, maxStalledCount: ATTEMPTS },
  });
  worker.on('failed', (_, error) => failed(error.message));
  worker.on('error', (error) => failed(error.message));
  return () => worker.close();
}

import type { MessagePort } from 'node:worker_threads';
import type { WriteTables } from '../../replayer/store-index/writes.ts';
import type { DeviceWrite } from '../../replayer/verify/device-writes.ts';

/** Messages between the thread that executes a run and the one that makes its store index. */

/** Words of shared memory: the number of messages processed, and 1 once one of them has failed. */
export const CONTROL = { done: 0, failed: 1, words: 2 } as const;

/** The thread's data at its start. */
export interface IndexThread {
  readonly file: string;
  readonly ramBytes: number;
  readonly pokes: ReadonlySet<number>;
  readonly control: Int32Array;
  /** Takes a ThreadError before `failed` is set. */
  readonly errors: MessagePort;
}

/** As IndexLane's calls; the writes of devices since the last message come first. */
export type IndexMessage =
  | { readonly do: 'take'; readonly byDevices: readonly DeviceWrite[]; readonly tables: WriteTables }
  | {
      readonly do: 'finish';
      readonly byDevices: readonly DeviceWrite[];
      readonly from: number;
      readonly to: number;
    }
  | { readonly do: 'abandon' };

/** The parts of an error of the file system that messages are made of (host/file-error.ts). */
export interface ThreadError {
  readonly message: string;
  readonly code: string | undefined;
  readonly syscall: string | undefined;
}

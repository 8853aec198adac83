import type { WriteTables } from '../../replayer/store-index/writes.ts';
import type { DeviceWrite } from '../../replayer/verify/device-writes.ts';

/** Messages between the thread that executes a run and the one that makes its store index. */

/** The thread's data at its start. */
export interface IndexThread {
  readonly file: string;
  readonly ramBytes: number;
  readonly pokes: ReadonlySet<number>;
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

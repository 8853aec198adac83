import { parentPort, workerData } from 'node:worker_threads';
import { BadInput } from '../schemas/bad-input.ts';
import { CONTROL, type LaneThread, type ThreadError } from './thread-lane.ts';

/** The thread of a ThreadLane: takes messages in order and counts them. */

const { control, errors, data } = workerData as LaneThread<unknown>;

/** The data that the lane was made with. */
export const laneData = <Data>(): Data => data as Data;

/** Has `handle` called for each message; after a failure, only for those that `isLast` is true of. */
export function serveLane<Message>(
  handle: (message: Message) => void,
  isLast: (message: Message) => boolean = () => false,
): void {
  parentPort?.on('message', (message: Message) => {
    try {
      if (Atomics.load(control, CONTROL.failed) === 0 || isLast(message)) handle(message);
    } catch (error) {
      errors.postMessage(partsOf(error));
      Atomics.store(control, CONTROL.failed, 1);
    }
    Atomics.add(control, CONTROL.done, 1);
    Atomics.notify(control, CONTROL.done);
  });
}

function partsOf(error: unknown): ThreadError {
  const { message, code, syscall } = error as NodeJS.ErrnoException;
  const next = error instanceof BadInput ? error.next : undefined;
  return { isBadInput: error instanceof BadInput, message: message ?? String(error), next, code, syscall };
}

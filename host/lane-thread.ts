import { parentPort, workerData } from 'node:worker_threads';
import { BadInput } from '../schemas/bad-input.ts';
import { CONTROL, FAILED, type LaneThread, OVER, type ThreadError, WELL } from './thread-lane.ts';

/** The thread of a ThreadLane: takes messages in order and counts them. */

const { control, errors, data } = workerData as LaneThread<unknown>;

// What is thrown outside of a message ends the thread. The other one may be waiting, and its event loop tells it nothing.
process.on('uncaughtExceptionMonitor', (error) => {
  errors.postMessage(partsOf(error));
  Atomics.store(control, CONTROL.health, OVER);
  Atomics.notify(control, CONTROL.done);
});

/** The data that the lane was made with. */
export const laneData = <Data>(): Data => data as Data;

/** Has `handle` called for each message; after a failure, only for those that `isLast` is true of. */
export function serveLane<Message>(
  handle: (message: Message) => void,
  isLast: (message: Message) => boolean = () => false,
): void {
  parentPort?.on('message', (message: Message) => {
    try {
      if (Atomics.load(control, CONTROL.health) === WELL || isLast(message)) handle(message);
    } catch (error) {
      errors.postMessage(partsOf(error));
      Atomics.store(control, CONTROL.health, FAILED);
    }
    Atomics.add(control, CONTROL.done, 1);
    Atomics.notify(control, CONTROL.done);
  });
}

function partsOf(error: unknown): ThreadError {
  const { message, code, syscall } = Object(error) as NodeJS.ErrnoException;
  const next = error instanceof BadInput ? error.next : undefined;
  return { isBadInput: error instanceof BadInput, message: message ?? String(error), next, code, syscall };
}

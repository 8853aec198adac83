import '../../host/install.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { FrameBlocks } from '../../replayer/store-index/frame-blocks.ts';
import { StoreIndexWriter } from '../../replayer/store-index/index-file.ts';
import { CONTROL, type IndexMessage, type IndexThread, type ThreadError } from './store-index-protocol.ts';

/** The thread that makes a store index: takes messages in order and counts them (store-index-protocol.ts). */

const { file, ramBytes, control, errors } = workerData as IndexThread;
let blocks: FrameBlocks | undefined;

function handle(message: IndexMessage): void {
  blocks ??= new FrameBlocks(new StoreIndexWriter(file, ramBytes));
  if (message.do === 'take') blocks.take(message.epoch, message.rows);
  else if (message.do === 'finish') blocks.finish(message.from, message.to);
  else blocks.abandon();
}

parentPort?.on('message', (message: IndexMessage) => {
  try {
    if (control[CONTROL.failed] === 0 || message.do === 'abandon') handle(message);
  } catch (error) {
    const { message: text, code, syscall } = error as NodeJS.ErrnoException;
    errors.postMessage({ message: text, code, syscall } satisfies ThreadError);
    Atomics.store(control, CONTROL.failed, 1);
  }
  Atomics.add(control, CONTROL.done, 1);
  Atomics.notify(control, CONTROL.done);
});

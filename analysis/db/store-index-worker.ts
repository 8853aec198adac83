import '../../host/install.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { StoreIndexBuilder } from '../../replayer/store-index/build.ts';
import { StoreIndexWriter } from '../../replayer/store-index/index-file.ts';
import { CONTROL, type IndexMessage, type IndexThread, type ThreadError } from './store-index-protocol.ts';

/** The thread that makes a store index: takes messages in order and counts them (store-index-protocol.ts). */

const { file, ramBytes, pokes, control, errors } = workerData as IndexThread;
let builder: StoreIndexBuilder | undefined;

function handle(message: IndexMessage): void {
  builder ??= new StoreIndexBuilder(new StoreIndexWriter(file, ramBytes), pokes);
  if (message.do === 'abandon') {
    builder.abandon();
    return;
  }
  for (const write of message.byDevices) builder.takeDeviceWrite(write);
  if (message.do === 'take') builder.take(message.tables);
  else builder.finish(message.from, message.to);
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

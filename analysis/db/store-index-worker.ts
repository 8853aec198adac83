import '../../host/install.ts';
import { laneData, serveLane } from '../../host/lane-thread.ts';
import { StoreIndexBuilder } from '../../replayer/store-index/build.ts';
import { StoreIndexWriter } from '../../replayer/store-index/index-file.ts';
import type { IndexMessage, IndexThread } from './store-index-protocol.ts';

/** The thread that makes a store index: takes the messages of store-index-protocol.ts. */

const { file, ramBytes, pokes } = laneData<IndexThread>();
let builder: StoreIndexBuilder | undefined;

function handle(message: IndexMessage): void {
  if (message.do === 'abandon') {
    builder?.abandon();
    return;
  }
  builder ??= new StoreIndexBuilder(new StoreIndexWriter(file, ramBytes), pokes);
  for (const write of message.byDevices) builder.takeDeviceWrite(write);
  if (message.do === 'take') builder.take(message.tables);
  else builder.finish(message.from, message.to);
}

serveLane(handle, (message: IndexMessage) => message.do === 'abandon');

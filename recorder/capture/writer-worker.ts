import { laneData, serveLane } from '../../host/lane-thread.ts';
import { slotTables } from './batch-slot.ts';
import { slotStateChanges } from './changes-slot.ts';
import { TraceFile } from './trace-file.ts';
import { markIn, type WriterMessage, type WriterThread } from './writer-protocol.ts';

/** The writer thread: takes the messages of writer-protocol.ts. */

const { trace, mark } = laneData<WriterThread>();
const file = new TraceFile(trace);

function handle(message: WriterMessage): void {
  switch (message.do) {
    case 'chunk':
      file.addChunk(message.contents, slotTables(message.slot, message.layout));
      break;
    case 'mark':
      markIn(mark, file.written);
      break;
    case 'begin-checkpoints':
      file.beginCheckpoints(slotStateChanges(message.slot, message.start));
      break;
    case 'checkpoint':
      file.addCheckpoint(slotStateChanges(message.slot, message.changes));
      break;
    case 'finish':
      file.finish(message.exit, message.final, message.endState);
      break;
    case 'abandon':
      file.abandon();
      break;
  }
}

serveLane(handle);

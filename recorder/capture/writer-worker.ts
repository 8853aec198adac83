import { parentPort } from 'node:worker_threads';
import { slotTables } from './batch-slot.ts';
import { slotStateChanges } from './changes-slot.ts';
import { TraceFile } from './trace-file.ts';
import { CONTROL, CONTROL_BYTES, markIn, type WriterMessage } from './writer-protocol.ts';

/** The writer thread: takes messages in order and counts them in the control block (writer-protocol.ts). */

let control: ArrayBufferLike = new ArrayBuffer(CONTROL_BYTES);
let words: Int32Array = new Int32Array(control);
let file: TraceFile | undefined;

function handle(message: WriterMessage): void {
  switch (message.do) {
    case 'open':
      control = message.control;
      words = new Int32Array(message.control);
      file = new TraceFile(message.trace);
      break;
    case 'chunk':
      file?.addChunk(message.contents, message.slot ? slotTables(message.slot, message.layout) : {});
      break;
    case 'mark':
      if (file) markIn(control, file.written);
      break;
    case 'begin-checkpoints':
      file?.beginCheckpoints(slotStateChanges(message.slot, message.start));
      // Touches the pages now; the recording thread waits for this only at its first checkpoint.
      new Uint8Array(message.slot).fill(0);
      break;
    case 'checkpoint':
      file?.addCheckpoint(slotStateChanges(message.slot, message.changes), message.held);
      break;
    case 'write-held':
      file?.writeHeld();
      break;
    case 'finish':
      file?.finish(message.exit, message.final, message.endState);
      break;
    case 'abandon':
      file?.abandon();
      break;
  }
}

/** Stores the error, which the recording thread throws at its next call. */
function report(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const next = (error as { next?: string }).next;
  const room = new Uint8Array(control, 4 * CONTROL.words);
  const text = new TextEncoder().encode(JSON.stringify({ message: message.slice(0, 1000), next }));
  room.set(text.subarray(0, room.length));
  words[CONTROL.textBytes] = text.length;
  Atomics.store(words, CONTROL.failed, 1);
}

parentPort?.on('message', (message: WriterMessage) => {
  if (Atomics.load(words, CONTROL.failed) === 0) {
    try {
      handle(message);
    } catch (error) {
      report(error);
    }
  }
  Atomics.add(words, CONTROL.done, 1);
  Atomics.notify(words, CONTROL.done);
});

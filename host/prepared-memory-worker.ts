import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

/** The thread of prepared-memory.ts: answers each number of bytes with zeroed memory that was written to. */

const pieces = workerData as MessagePort;

parentPort?.on('message', (bytes: number) => {
  const piece = new Uint8Array(bytes).fill(0).buffer;
  pieces.postMessage(piece, [piece]);
});

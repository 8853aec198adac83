import { buildMachine } from '../../recorder/machine/build.ts';
import { installHost, memorySource } from '../../schemas/host.ts';
import { type ReplayResult, replay } from '../verify/replay.ts';
import { browserHost } from './browser-host.ts';

/** Verifies a trace in a browser or a worker, on bytes in memory, without files, processes or servers. */

export { browserHost };

const ready = browserHost().then(installHost);

export interface VerifyOptions {
  /** The name of the trace in messages. */
  readonly name?: string;
  /** The disk images that come with the tool, by name; without them a trace that names one is rejected. */
  readonly builtinDisk?: (name: string) => Uint8Array;
  readonly onProgress?: (icount: number) => void;
}

/** Executes a trace again and compares everything that it recorded. Throws BadInput if the bytes are not a trace. */
export async function verifyTrace(
  trace: Uint8Array,
  { name = 'the trace', ...options }: VerifyOptions = {},
): Promise<ReplayResult> {
  await ready;
  return replay({ path: name, source: memorySource(trace), build: buildMachine, ...options });
}

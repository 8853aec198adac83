import { VERSION } from '../../../host/tool-version.ts';
import type { CheckpointOptions } from '../../../recorder/capture/checkpoint-policy.ts';
import { type RecordResult, record } from '../../../recorder/capture/session.ts';
import { buildMachine } from '../../../recorder/machine/build.ts';
import type { Guest } from '../options/guest.ts';
import type { Inputs } from '../options/input-options.ts';
import { describeExit } from '../report/describe-exit.ts';
import { bytes, grouped, plural } from '../terminal/format.ts';
import { whenInterrupted } from '../terminal/interruptible.ts';
import { fileBytes } from './file-bytes.ts';
import { openDisplay } from './recording-display.ts';

/** Records a guest and reports on it, for several commands. */

export interface RecordingRequest
  extends Pick<
    Parameters<typeof record>[0],
    'seed' | 'output' | 'instructions' | 'config' | 'facts' | 'expectedExits' | 'moves'
  > {
  readonly ladderInterval?: number;
  readonly checkpoints?: CheckpointOptions;
  readonly inputs?: Inputs;
  /** Do not show the guest's console. */
  readonly quiet: boolean;
  /** Show its VGA text screen instead. */
  readonly screen?: boolean;
}

/** Records a guest and shows its console; Ctrl-C ends the recording cleanly. */
export async function recordGuest(guest: Guest, request: RecordingRequest): Promise<RecordResult> {
  const { quiet, screen, inputs, ...plan } = request;
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  const display = openDisplay(request, onSignal);
  const end = whenInterrupted(onSignal);
  try {
    return await record({
      ...plan,
      toolVersion: VERSION,
      guestName: guest.name,
      boot: guest.boot,
      profile: guest.profile,
      profileSource: guest.profileSource,
      labels: guest.labels,
      ...(guest.disk ? { disk: guest.disk } : {}),
      ...(guest.drives ? { drives: guest.drives } : {}),
      ...(guest.firmware ? { firmware: guest.firmware } : {}),
      ...(guest.symbols ? { symbols: guest.symbols } : {}),
      build: buildMachine,
      sources: inputs?.sources ?? [],
      onProgress: (machine) => display.turn(machine),
      onConsole: (port, byte) => display.hear(port, byte),
      idleInRealTime: inputs?.live !== undefined,
      signal: stop.signal,
    });
  } finally {
    display.end();
    end();
  }
}

/** Reports on the recording at `path`, whose final name is `name`, and on the guest's end. */
export function recordingSummary(path: string, guest: Guest, result: RecordResult, name = path): string[] {
  const { final, events, inputs } = result;
  return [
    `${name}: ${plural(final.icount, 'instruction')}, ${plural(events, 'event')}, ${plural(inputs, 'input')}, ${bytes(fileBytes(path))}`,
    `${guest.name} ${describeExit(result.exit, guest.description)} at icount ${grouped(final.icount)}`,
  ];
}

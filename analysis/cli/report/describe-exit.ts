import { exitMeaning, type GuestProfile } from '../../../recorder/capture/profile.ts';
import type { TraceExit } from '../../../schemas/trace/footer.ts';

/** The end of a run, as text that follows the name of its guest. */
export function describeExit(exit: TraceExit, profile: GuestProfile | undefined): string {
  switch (exit.kind) {
    case 'exit': {
      const code = `0x${exit.code.toString(16)}`;
      const meaning = exitMeaning(profile, exit.code);
      return meaning ? `ended: ${meaning} (exit code ${code})` : `ended with exit code ${code}`;
    }
    case 'shutdown':
      return `shut down: ${exit.message}`;
    case 'stuck':
      return 'halted forever: no interrupt can wake it';
    case 'reset':
      return 'reset the machine';
    case 'limit':
      return 'was stopped by --instructions';
    default:
      return 'was interrupted';
  }
}

import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { StopReason } from './parts.ts';

/** The reason that a run stopped, as stored in a trace; for recorder and replayer. */
export const exitOf = (stop: StopReason): TraceExit => ({
  kind: stop.kind,
  code: stop.kind === 'exit' ? stop.code : 0,
  message: stop.kind === 'shutdown' ? stop.message : '',
});

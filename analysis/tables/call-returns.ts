import { eventTable } from './event-table.ts';

/** Returns of probed functions. */
export const callReturns = eventTable('call_returns');

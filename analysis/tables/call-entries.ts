import { eventTable } from './event-table.ts';

/** Code that came to a probe. */
export const callEntries = eventTable('call_entries');

import { eventTable } from './event-table.ts';

/** Events that came again with paging off, counted. */
export const repeats = eventTable('repeats');

import { eventTable } from './event-table.ts';

/** Memory reads, of a recording that has them. */
export const reads = eventTable('reads');

import { eventTable } from './event-table.ts';

/** INVLPG, flushes other than by CR3, and uses of stale translations. */
export const tlbEvents = eventTable('tlb_events');

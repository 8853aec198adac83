import { eventTable } from './event-table.ts';

/** Resets of the processor. */
export const resets = eventTable('resets');

import { eventTable } from './event-table.ts';

/** Frames that become page directories or page tables, or cease to be such. */
export const structureChanges = eventTable('structure_changes');

import { eventTable } from './event-table.ts';

/** Changes of EFLAGS.IF. */
export const ifChanges = eventTable('if_changes');

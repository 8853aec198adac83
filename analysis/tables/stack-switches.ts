import { eventTable } from './event-table.ts';

/** Moves of ESP to another stack. */
export const stackSwitches = eventTable('stack_switches');

import { eventTable } from './event-table.ts';

/** Writes and checks of the alternate slot of the current directory. */
export const aptdSwitches = eventTable('aptd_switches');

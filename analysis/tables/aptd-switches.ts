import { eventTable } from './event-table.ts';

export const aptdSwitches = eventTable('aptd_switches');

import { eventTable } from './event-table.ts';

export const stackSwitches = eventTable('stack_switches');

import { eventTable } from './event-table.ts';

/** Exceptions delivered to the guest. */
export const exceptions = eventTable('exceptions');

import { eventTable } from './event-table.ts';

/** Processes seen running under page directories. */
export const contexts = eventTable('contexts');

import { eventTable } from './event-table.ts';

export const exceptions = eventTable('exceptions');

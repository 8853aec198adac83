import { eventTable } from './event-table.ts';

export const contexts = eventTable('contexts');

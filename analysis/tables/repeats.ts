import { eventTable } from './event-table.ts';

export const repeats = eventTable('repeats');

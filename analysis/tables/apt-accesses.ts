import { eventTable } from './event-table.ts';

export const aptAccesses = eventTable('apt_accesses');

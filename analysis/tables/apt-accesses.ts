import { eventTable } from './event-table.ts';

/** Accesses through the alternate window. */
export const aptAccesses = eventTable('apt_accesses');

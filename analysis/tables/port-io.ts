import { eventTable } from './event-table.ts';

/** Accesses to I/O ports. */
export const portIo = eventTable('port_io');

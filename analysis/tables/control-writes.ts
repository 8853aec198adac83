import { eventTable } from './event-table.ts';

/** Loads of control registers. */
export const controlWrites = eventTable('control_writes');

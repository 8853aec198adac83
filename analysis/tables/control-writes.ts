import { eventTable } from './event-table.ts';

export const controlWrites = eventTable('control_writes');

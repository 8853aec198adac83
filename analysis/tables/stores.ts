import { eventTable } from './event-table.ts';

/** Memory writes, of a recording that has them. */
export const stores = eventTable('stores');

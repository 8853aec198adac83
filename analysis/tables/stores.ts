import { eventTable } from './event-table.ts';

export const stores = eventTable('stores');

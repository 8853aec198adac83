import { eventTable } from './event-table.ts';

export const pagingWrites = eventTable('paging_writes');

import { eventTable } from './event-table.ts';

/** Writes to entries of page directories and page tables. */
export const pagingWrites = eventTable('paging_writes');

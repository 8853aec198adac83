import { eventTable } from './event-table.ts';

export const tlbEvents = eventTable('tlb_events');

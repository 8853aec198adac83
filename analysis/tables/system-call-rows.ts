import { eventTable } from './event-table.ts';

/** Entries of system calls, and the returns from them; the view system_calls has both in one row. */
export const systemCallRows = { ...eventTable('system_calls'), name: 'system_call_events' };

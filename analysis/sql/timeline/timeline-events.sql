-- Every event that the timeline of `serve` counts
--
-- The tracks of a report, and stores if they were recorded.
-- @column track kind of the event
-- @column icount when
SELECT 'page-table writes' AS track, icount FROM paging_writes
UNION ALL SELECT 'page faults', icount FROM exceptions WHERE vector = 14
UNION ALL SELECT 'disk commands', icount FROM inputs WHERE kind = 'disk_latency'
UNION ALL SELECT 'CR3 loads', icount FROM control_writes WHERE reg = 'cr3'
UNION ALL SELECT 'stale translations', icount FROM tlb_events WHERE op = 'stale_use'
UNION ALL SELECT 'stores', icount FROM stores

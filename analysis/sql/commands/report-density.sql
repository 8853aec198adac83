-- Counts of events over the run, for the timeline of a report
--
-- For the command `report`, which draws them as a curve.
-- @param parts number of equal parts of the run
-- @param length icount of its end
-- @column track kind of the events
-- @column part from 0
-- @column n events in it
WITH events AS (
  SELECT 'page-table writes' AS track, icount FROM paging_writes
  UNION ALL SELECT 'page faults', icount FROM exceptions WHERE vector = 14
  UNION ALL SELECT 'disk commands', icount FROM inputs WHERE kind = 'disk_latency'
  UNION ALL SELECT 'CR3 loads', icount FROM control_writes WHERE reg = 'cr3'
  UNION ALL SELECT 'stale translations', icount FROM tlb_events WHERE op = 'stale_use'
)
SELECT track, least(icount * $parts // greatest($length, 1), $parts - 1)::INTEGER AS part, count(*)::INTEGER AS n
FROM events GROUP BY ALL ORDER BY ALL

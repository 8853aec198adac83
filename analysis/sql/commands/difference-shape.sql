-- Events of two traces between two icounts, by kind, function and process, if their numbers differ
--
-- For the command `diff`. The largest differences first.
-- @param after icount of the first event counted
-- @param until icount of the last event counted
-- @column kind table of the events
-- @column code function that made them
-- @column process process whose page directory was live
-- @column a events of the first trace
-- @column b events of the second
WITH events AS (
  SELECT run_id, icount, eip, cr3, 'paging_writes' AS kind FROM paging_writes
  UNION ALL SELECT run_id, icount, eip, cr3, 'control_writes' FROM control_writes
  UNION ALL SELECT run_id, icount, eip, cr3, 'window_switches' FROM window_switches
  UNION ALL SELECT run_id, icount, eip, cr3, 'window_accesses' FROM window_accesses
  UNION ALL SELECT run_id, icount, eip, cr3, 'tlb_events' FROM tlb_events
  UNION ALL SELECT run_id, icount, eip, cr3, 'exceptions' FROM exceptions
  UNION ALL SELECT run_id, icount, handler, cr3, 'interrupts' FROM interrupts
  UNION ALL SELECT run_id, icount, eip, cr3, 'stack_switches' FROM stack_switches
),
counted AS (
  SELECT run_id, kind, eip, frame_of(cr3) AS cr3, count(*) AS n, min(icount) AS icount FROM events WHERE icount BETWEEN $after AND $until GROUP BY ALL
),
named AS (
  SELECT run_id, kind, regexp_replace(symbol(run_id, eip), '\+0x[0-9a-f]+$', '') AS code, owner_text(run_id, cr3, icount) AS process, n
  FROM counted
)
SELECT kind, code, process, coalesce(sum(n) FILTER (run_id = 0), 0)::BIGINT AS a, coalesce(sum(n) FILTER (run_id = 1), 0)::BIGINT AS b
FROM named
GROUP BY kind, code, process
HAVING a <> b
ORDER BY abs(a - b) DESC, kind, code, process

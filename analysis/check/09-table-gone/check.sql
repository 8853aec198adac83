-- Page table freed under the window
--
-- The alternate slot named a directory, an entry of that directory was cleared or changed, and the window still reached the old page table
-- through the TLB. One row per place in the code that changed such entries.
-- @class 9
-- @severity error
-- @needs alternate_map
WITH incidents AS (
  SELECT run_id, cause_eip, min(cause_icount) AS cause_icount, min(icount) AS icount, arg_min(eip, seq) AS eip, arg_min(cr3, seq) AS cr3,
    arg_min(linear, seq) AS linear, arg_min(access, seq) AS access, arg_min(used, seq) AS used, arg_min(fresh, seq) AS fresh,
    arg_min(cause_old, seq) AS cause_old, arg_min(cause_new, seq) AS cause_new, count(DISTINCT cause_seq) AS changes,
    count(*) AS uses, count(*) FILTER (access = 'write') AS stores
  FROM stale_uses WHERE class = '9' GROUP BY run_id, cause_eip
)
SELECT run_id, coalesce(cause_icount, icount) AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  symbol(run_id, cause_eip) || ' changed the entry of a page table from ' || pte_text(cause_old) || ' to ' || pte_text(cause_new) || ' at icount ' || cause_icount
  || ' without a flush of the window' || again_text(changes) || '; ' || symbol(run_id, eip) || ' reached the old table at ' || hex32(linear) || ': '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM incidents

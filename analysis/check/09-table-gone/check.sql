-- Page table freed under the window
--
-- The alternate slot named a directory, an entry of that directory was cleared or changed, and the window still reached the old page table
-- through the TLB. One row per place in the code that changed such entries.
-- @class 9
-- @severity error
-- @needs alternate_map
SELECT run_id, coalesce(cause_icount, icount) AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  symbol(run_id, cause_eip) || ' changed the entry of a page table from ' || pte_text(cause_old) || ' to ' || pte_text(cause_new) || ' at icount ' || cause_icount
  || ' without a flush of the window' || again_text(changes) || '; ' || symbol(run_id, eip) || ' reached the old table at ' || hex32(linear) || ': '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM stale_incidents WHERE class = '9'

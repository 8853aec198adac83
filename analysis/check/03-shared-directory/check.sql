-- Sleep in the window, shared directory
--
-- A thread set the alternate slot and slept. Another thread under the same page directory changed the slot. The first thread continued with
-- its old pointer. One row per unnoticed switch.
-- @class 3
-- @severity error
-- @needs alternate_map
SELECT run_id, own_icount AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  owner_text(run_id, cr3, icount) || ' set the alternate map to ' || hex32(own_dir) || ' at icount ' || own_icount || '; another thread of its directory ('
  || symbol(run_id, cause_eip) || ') set it to ' || hex32(dir) || ' at icount ' || cause_icount || '; back in ' || symbol(run_id, eip) || ' it went on: '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM window_incidents WHERE class = '3'

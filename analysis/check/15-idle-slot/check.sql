-- Slot switched under another thread
--
-- A handler switched the alternate slot after interrupting another thread of the same page directory, usually the idle thread. A thread that
-- had set the slot before and slept then continued with its old pointer.
-- @class 15
-- @severity error
-- @needs alternate_map
SELECT run_id, own_icount AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  owner_text(run_id, cr3, icount) || ' set the alternate map to ' || hex32(own_dir) || ' at icount ' || own_icount || ' and slept; a handler under another thread ('
  || symbol(run_id, cause_eip) || ') set it to ' || hex32(dir) || ' at icount ' || cause_icount || '; back in ' || symbol(run_id, eip) || ' it went on: '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM window_incidents WHERE class = '15'

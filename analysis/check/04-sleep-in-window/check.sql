-- Sleep in the window
--
-- A thread set the alternate slot, CR3 was switched away and back, and the thread used the window without checking the slot again. The slot
-- still named the intended directory. One row per setting of the slot.
-- @class 4
-- @severity warning
-- @needs alternate_map
-- @revision 2
SELECT run_id, own_icount AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  owner_text(run_id, cr3, icount) || ' set the alternate map at icount ' || own_icount || ', another process ran from icount ' || cause_icount || ', and '
  || symbol(run_id, eip) || ' used the map without looking: '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM window_incidents WHERE class = '4'

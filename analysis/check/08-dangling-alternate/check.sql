-- Dangling alternate
--
-- Code used the window while the alternate slot named a frame that was no longer a page directory: its recursive slot does not name
-- itself, or its last page table is gone.
-- @class 8
-- @severity error
-- @needs alternate_map
-- @revision 2
SELECT run_id, own_icount AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  symbol(run_id, eip) || ' used ' || hex32(linear) || ' through directory ' || hex32(dir) || ', which ended at icount ' || cause_icount || ': '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM window_incidents WHERE class = '8'

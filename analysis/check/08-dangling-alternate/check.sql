-- Dangling alternate
--
-- Code used the window while the alternate slot named a frame that was no longer a page directory: its recursive slot does not name
-- itself, or its last page table is gone.
-- @class 8
-- @severity error
-- @needs alternate_map
-- @revision 2
WITH incidents AS (
  SELECT run_id, own_seq, own_icount, own_dir, cause_seq, cause_icount, cause_eip, dir, cr3, min(icount) AS icount, arg_min(eip, seq) AS eip, arg_min(linear, seq) AS linear,
    count(*) AS uses, count(*) FILTER (access = 'write') AS stores
  FROM window_misuses WHERE class = '8' GROUP BY ALL
)
SELECT run_id, own_icount AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  symbol(run_id, eip) || ' used ' || hex32(linear) || ' through directory ' || hex32(dir) || ', which ended at icount ' || cause_icount || ': '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM incidents

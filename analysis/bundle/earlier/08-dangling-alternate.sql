-- Dangling alternate
--
-- The window was used while the alternate slot named a frame that is no page directory any more: its recursive slot does
-- not name itself.
-- @class 8
-- @severity error
-- @needs alternate_map
SELECT a.run_id, w.icount AS from_icount, a.icount, owner_text(a.run_id, a.cr3, a.icount) AS process,
  symbol(a.run_id, a.eip) AS code,
  symbol(a.run_id, a.eip) || ' used ' || hex32(a.linear) || ' through directory ' || hex32(a.dir)
  || ', which ended at icount ' || w.icount AS summary,
  'aptd-timeline' AS query
FROM alternate_slot a
ASOF JOIN (
  SELECT w.* FROM paging_writes w JOIN run USING (run_id) WHERE w.level = 'pde' AND w.slot = run.recursive_slot
) w ON w.run_id = a.run_id AND w.dir = a.dir AND w.seq <= a.seq
WHERE a.is_access AND (NOT is_present(w.new) OR frame_of(w.new) <> a.dir)

-- Dangling alternate
--
-- The window was used while the alternate slot named a frame that is no page directory any more: its recursive slot does
-- not name itself.
-- @class 8
-- @severity error
-- @needs alternate_map
SELECT a.run_id, w.icount AS from_icount, a.icount, process_text(o.pid, o.comm) AS process,
  symbol_text(s.name, s.address, a.eip) AS code,
  symbol_text(s.name, s.address, a.eip) || ' used ' || hex32(a.linear) || ' through directory ' || hex32(a.dir)
  || ', which ended at icount ' || w.icount AS summary,
  'aptd-timeline' AS query
FROM alternate_slot a
ASOF JOIN (
  SELECT w.* FROM paging_writes w JOIN run USING (run_id) WHERE w.level = 'pde' AND w.slot = run.recursive_slot
) w ON w.run_id = a.run_id AND w.dir = a.dir AND w.seq <= a.seq
ASOF LEFT JOIN directory_owners o ON o.run_id = a.run_id AND o.dir = a.cr3 AND o.from_icount <= a.icount
ASOF LEFT JOIN symbols s ON s.run_id = a.run_id AND s.address <= a.eip
WHERE a.is_access AND (w.new & 1 = 0 OR w.new & 4294963200 <> a.dir)

-- Unmapped alternate
--
-- The kernel faulted in the alternate window: the directory that the slot names has no such page table.
-- @class 17
-- @severity error
-- @needs alternate_map
SELECT e.run_id, coalesce(w.icount, e.icount) AS from_icount, e.icount, process_text(o.pid, o.comm) AS process,
  symbol_text(s.name, s.address, e.eip) AS code,
  symbol_text(s.name, s.address, e.eip) || ' faulted at ' || hex32(e.cr2) || ' in the alternate window; the slot was last set at icount '
  || coalesce(w.icount::VARCHAR, '?') || ' by ' || coalesce(symbol_text(ws.name, ws.address, w.eip), '?') || ' at depth '
  || coalesce(w.depth::VARCHAR, '?') || ' (here: ' || e.depth || ')' AS summary,
  'aptd-timeline' AS query
FROM exceptions e
JOIN run ON run.run_id = e.run_id
ASOF LEFT JOIN (SELECT * FROM aptd_switches WHERE op = 'write') w ON w.run_id = e.run_id AND w.cr3 = e.cr3 AND w.seq <= e.seq
ASOF LEFT JOIN directory_owners o ON o.run_id = e.run_id AND o.dir = e.cr3 AND o.from_icount <= e.icount
ASOF LEFT JOIN symbols s ON s.run_id = e.run_id AND s.address <= e.eip
ASOF LEFT JOIN symbols ws ON ws.run_id = e.run_id AND ws.address <= w.eip
WHERE e.vector = 14 AND e.cpl < 3 AND e.cr2 >> 22 = run.alternate_slot

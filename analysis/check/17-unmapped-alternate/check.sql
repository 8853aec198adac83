-- Unmapped alternate
--
-- The kernel faulted in the alternate window because the directory that the slot names has no page table there.
-- @class 17
-- @severity error
-- @needs alternate_map
SELECT e.run_id, coalesce(w.icount, e.icount) AS from_icount, e.icount, owner_text(e.run_id, e.cr3, e.icount) AS process,
  symbol(e.run_id, e.eip) AS code,
  symbol(e.run_id, e.eip) || ' faulted at ' || hex32(e.cr2) || ' in the alternate window; the slot was last set at icount '
  || coalesce(w.icount::VARCHAR, '?') || ' by ' || coalesce(code_at(e.run_id, w.eip), '?') || ' at depth '
  || coalesce(w.depth::VARCHAR, '?') || ' (here: ' || e.depth || ')' AS summary,
  'aptd-timeline' AS query, 1::BIGINT AS uses, 0::BIGINT AS stores
FROM exceptions e
JOIN run ON run.run_id = e.run_id
ASOF LEFT JOIN (SELECT * FROM aptd_switches WHERE op = 'write') w ON w.run_id = e.run_id AND w.cr3 = e.cr3 AND w.seq <= e.seq
WHERE e.vector = 14 AND e.cpl < 3 AND slot_of(e.cr2) = run.alternate_slot

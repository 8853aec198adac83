-- Missing flush on a switch
--
-- The alternate slot was changed, and an access to the window still hit a TLB entry filled before.
-- @class 6
-- @severity error
-- @needs alternate_map
SELECT a.run_id, a.last_icount AS from_icount, a.icount, process_text(o.pid, o.comm) AS process,
  symbol_text(s.name, s.address, a.eip) AS code,
  symbol_text(s.name, s.address, a.eip) || ' reached ' || hex32(a.linear) || ' by a TLB entry of directory ' || hex32(a.used)
  || '; the slot names ' || hex32(a.dir) || ' since icount ' || a.last_icount AS summary,
  'aptd-timeline' AS query
FROM alternate_slot a
ASOF LEFT JOIN directory_owners o ON o.run_id = a.run_id AND o.dir = a.cr3 AND o.from_icount <= a.icount
ASOF LEFT JOIN symbols s ON s.run_id = a.run_id AND s.address <= a.eip
WHERE a.is_access AND a.used <> a.dir

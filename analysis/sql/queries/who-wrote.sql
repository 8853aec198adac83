-- Everything that was done to a frame of memory
--
-- Page-table entries that map it, changes of the entries in it if it is a table, and with detail `stores` each store to it.
-- @shows last
-- @param frame frame number (physical address / 4096), or the physical address of its first byte
-- @column run_id which of the traces given, from 0
-- @column icount instructions retired before
-- @column what mapped, unmapped, entry in it changed, or stored to
-- @column physical address written, physical
-- @column old value before
-- @column new value after
-- @column depth interrupt frames open, 0 = none
-- @column cr3 page directory that was live, physical address
-- @column process whose page directory was live
-- @column code code that was executing
WITH wanted AS (SELECT CASE WHEN $frame::BIGINT >= 65536 THEN $frame::BIGINT >> 12 ELSE $frame::BIGINT END AS frame),
found AS (
  SELECT run_id, seq, icount, cr3, eip, depth, 'mapped at ' || hex32(CASE level WHEN 'pde' THEN slot << 22 ELSE vpn << 12 END) AS what,
    physical, old, new FROM paging_writes, wanted WHERE new & 1 = 1 AND new >> 12 = wanted.frame AND source <> 'accessed_dirty'
  UNION ALL
  SELECT run_id, seq, icount, cr3, eip, depth, 'unmapped from ' || hex32(CASE level WHEN 'pde' THEN slot << 22 ELSE vpn << 12 END),
    physical, old, new FROM paging_writes, wanted WHERE old & 1 = 1 AND old >> 12 = wanted.frame AND (new & 1 = 0 OR new >> 12 <> wanted.frame)
  UNION ALL
  SELECT run_id, seq, icount, cr3, eip, depth, level || ' in it (' || source || ')', physical, old, new
  FROM paging_writes, wanted WHERE physical >> 12 = wanted.frame
  UNION ALL
  SELECT run_id, seq, icount, cr3, eip, depth, 'store of ' || size || ' at ' || hex32(linear), physical, old, new
  FROM stores, wanted WHERE physical >> 12 = wanted.frame
)
SELECT f.run_id, f.icount, f.what, hex32(f.physical) AS physical, hex32(f.old) AS old, hex32(f.new) AS new, f.depth,
  hex32(f.cr3) AS cr3, process_text(o.pid, o.comm) AS process, symbol_text(s.name, s.address, f.eip) AS code
FROM found f
ASOF LEFT JOIN directory_owners o ON o.run_id = f.run_id AND o.dir = f.cr3 AND o.from_icount <= f.icount
ASOF LEFT JOIN symbols s ON s.run_id = f.run_id AND s.address <= f.eip
ORDER BY f.run_id, f.seq

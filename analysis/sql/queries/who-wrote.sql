-- Every event that concerns a frame of memory
--
-- These are the page-table entries that map the frame, the changes of the entries in it if it is a page table or page directory, and, at
-- detail `stores`, every store to it.
-- @shows last
-- @param frame frame number (physical address / 4096), or the physical address of its first byte
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before
-- @column what mapped, unmapped, entry in it changed, or stored to
-- @column physical physical address written
-- @column old value before
-- @column new value after
-- @column depth interrupt frames open, 0 = none
-- @column cr3 live page directory, physical address
-- @column process process whose page directory was live
-- @column code code that was executing
WITH wanted AS (SELECT frame_number($frame::BIGINT) AS frame),
found AS (
  SELECT run_id, seq, icount, cr3, eip, depth, 'mapped at ' || hex32(mapped_from(level, slot, vpn)) AS what,
    physical, old, new FROM paging_writes, wanted WHERE is_present(new) AND page_of(new) = wanted.frame AND source <> 'accessed_dirty'
  UNION ALL
  SELECT run_id, seq, icount, cr3, eip, depth, 'unmapped from ' || hex32(mapped_from(level, slot, vpn)),
    physical, old, new FROM paging_writes, wanted WHERE is_present(old) AND page_of(old) = wanted.frame AND (NOT is_present(new) OR page_of(new) <> wanted.frame)
  UNION ALL
  SELECT run_id, seq, icount, cr3, eip, depth, level || ' in it (' || source || ')', physical, old, new
  FROM paging_writes, wanted WHERE page_of(physical) = wanted.frame
  UNION ALL
  SELECT run_id, seq, icount, cr3, eip, depth, 'store of ' || size || ' at ' || hex32(linear), physical, old, new
  FROM stores, wanted WHERE page_of(physical) = wanted.frame
)
SELECT f.run_id, f.icount, f.what, hex32(f.physical) AS physical, hex32(f.old) AS old, hex32(f.new) AS new, f.depth,
  hex32(f.cr3) AS cr3, owner_text(f.run_id, f.cr3, f.icount) AS process, symbol(f.run_id, f.eip) AS code
FROM found f
ORDER BY f.run_id, f.seq

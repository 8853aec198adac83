-- The last write of each range of memory, with the names that the tables know
--
-- For the command `who-wrote`, which finds the writes in its index of stores.
-- @param writes JSON: an array of n (order), physical, bytes, source, icount, start, size, eip, cr3, depth, linear
-- @column bytes range of memory: physical address + length
-- @column source store, accessed_dirty, dma, adopt or poke; or never written
-- @column icount instructions retired before the write
-- @column code code that wrote; NULL unless the processor did
-- @column instruction its instruction
-- @column process process whose page directory was live
-- @column depth interrupt frames open, 0 = none
-- @column linear linear address of the store
-- @column old PDE or PTE before, if the write was to one
-- @column new PDE or PTE after
WITH w AS (
  SELECT unnest(from_json($writes, '[{"n": "INTEGER", "physical": "UINTEGER", "bytes": "BIGINT", "source": "VARCHAR", "icount": "BIGINT",
    "start": "BIGINT", "size": "BIGINT", "eip": "UINTEGER", "cr3": "UINTEGER", "depth": "UTINYINT", "linear": "UINTEGER"}]'), recursive := true)
)
SELECT hex32(w.physical) || '+' || w.bytes AS bytes, w.source, w.icount, symbol(0, w.eip) AS code, instruction(0, w.eip) AS instruction,
  CASE WHEN w.eip IS NOT NULL THEN owner_text(0, w.cr3, w.icount) END AS process, w.depth, hex32(w.linear) AS linear,
  hex32(p.old) AS old, hex32(p.new) AS new
FROM w
LEFT JOIN paging_writes p ON p.icount = w.icount AND p.physical = w.start AND p.source::VARCHAR = w.source
ORDER BY w.n

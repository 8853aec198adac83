-- Every write of the PDE and PTE that map a linear address
--
-- The rows cover all address spaces; `directory` and `owner` identify them. `via` is the mapping through which the store came. `source` is the
-- origin of the write: a store, the processor setting the accessed or dirty bit, DMA, or adopt (an entry already in the frame when it
-- became a table).
-- @shows last
-- @param address linear address
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before
-- @column level pde or pte
-- @column directory page directory of the address space, physical address
-- @column owner process of the address space
-- @column old frame and bits before: P W U A D S (4 MB) G
-- @column new frame and bits after
-- @column via mapping through which the store came: physical, direct, recursive or alternate
-- @column source store, accessed_dirty, dma or adopt
-- @column depth interrupt frames open, 0 = none
-- @column cr3 live page directory, physical address
-- @column process process whose page directory was live
-- @column code code that was executing
SELECT w.run_id, w.icount, w.level, hex32(w.dir) AS directory, owner_text(w.run_id, w.dir, w.icount) AS owner,
  pte_text(w.old) AS old, pte_text(w.new) AS new, w.via, w.source, w.depth,
  hex32(w.cr3) AS cr3, owner_text(w.run_id, w.cr3, w.icount) AS process, symbol(w.run_id, w.eip) AS code
FROM paging_writes w
WHERE (w.level = 'pte' AND w.vpn = page_of($address::BIGINT)) OR (w.level = 'pde' AND w.slot = slot_of($address::BIGINT))
ORDER BY w.run_id, w.seq

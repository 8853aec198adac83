-- Values of page-table entries over time
--
-- One row per value of an entry of a page directory or page table, from the write of the value to the next write
-- of the same entry. Before its first row, an entry was 0 or its frame was not yet a table.
-- @column run_id index of the trace among those given, from 0
-- @column physical physical address of the entry, bytes
-- @column level pde or pte
-- @column dir physical address of the page directory that the entry belonged to when it was written
-- @column slot index 0-1023 of the entry if it is a PDE, otherwise of the PDE above it
-- @column vpn linear page number (linear >> 12) that the entry maps; for a PDE, slot << 10
-- @column entry the entry: frame and bits
-- @column source origin of the write: store, accessed_dirty, dma, adopt, poke
-- @column eip code that was executing
-- @column cr3 live page directory at the write, physical address
-- @column process owner of that page directory, comm[pid]
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column from_icount icount of the write
-- @column from_seq position of the write among all events of the run
-- @column to_icount icount of the next write of the entry; 2^53-1 if there is none
-- @column to_seq its position; NULL if there is none
WITH
-- Of each write the next alone: to sort whole rows takes twice the time and memory.
following AS (
  SELECT run_id, physical, seq, lead(icount) OVER next AS to_icount, lead(seq) OVER next AS to_seq
  FROM paging_writes
  WINDOW next AS (PARTITION BY run_id, physical ORDER BY seq)
)
SELECT w.run_id, w.physical, w.level, w.dir, w.slot, w.vpn, w.new AS entry, w.source, w.eip, w.cr3, w.process, w.esp,
  w.icount AS from_icount, w.seq AS from_seq, coalesce(f.to_icount, forever()) AS to_icount, f.to_seq
FROM paging_writes w JOIN following f ON f.run_id = w.run_id AND f.physical = w.physical AND f.seq = w.seq

-- The last writes of the page-table entries behind an address before an instant
--
-- For the command `why`: of the PTE and the PDE in the directory that was live, and the last store to each in any other address space,
-- where a kernel may have put it by mistake. The newest first.
-- @param seq position among all events of the run up to which writes count
-- @param cr3 physical address of the page directory that was live
-- @param address linear address
-- @column level pte or pde
-- @column icount instructions retired before the write
-- @column code code that wrote
-- @column process process whose page directory was live
-- @column depth interrupt frames open, 0 = none
-- @column frame_id interrupts.id of the innermost, 0 = none
-- @column physical physical address of the entry, bytes
-- @column linear linear address of the store; 0 when no store wrote it
-- @column directory page directory that the entry belongs to
-- @column owner its process
-- @column is_live true when that directory was the live one
-- @column old the entry before
-- @column new the entry after
-- @column via mapping through which the store came
-- @column source store, dma, adopt or poke
-- @column entry the entry after, as a number
-- @column is_large true for the PDE of a 4 MB page
-- @column is_gone true when the entry after is not present
SELECT level::VARCHAR AS level, icount, symbol(0, eip) AS code, owner_text(0, frame_of(cr3), icount) AS process, depth, frame_id, physical, linear,
  hex32(dir) AS directory, owner_text(0, dir, icount) AS owner, dir = frame_of($cr3::BIGINT) AS is_live,
  pte_text(old) AS old, pte_text(new) AS new, via::VARCHAR AS via, source::VARCHAR AS source, new AS entry,
  level = 'pde' AND is_large(new) AS is_large, NOT is_present(new) AS is_gone
FROM paging_writes
WHERE seq <= $seq::BIGINT AND source <> 'accessed_dirty'
  AND (level = 'pte' AND vpn = page_of($address::BIGINT) OR level = 'pde' AND slot = slot_of($address::BIGINT))
  AND (dir = frame_of($cr3::BIGINT) OR source = 'store')
QUALIFY row_number() OVER (PARTITION BY level, is_live ORDER BY seq DESC) = 1
ORDER BY seq DESC

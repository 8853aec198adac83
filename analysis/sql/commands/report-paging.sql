-- Writes to page-table entries in a stretch of the run, for the page-table view of a report
--
-- For the command `report`.
-- @param first icount
-- @param last icount, exclusive
-- @param most maximum number of rows
-- @column icount when
-- @column entry physical address of the entry
-- @column value the entry from then on
-- @column directory physical address of its directory
-- @column slot PDE index of the entry, or of the PDE above it
-- @column source origin of the write
-- @column eip code that was executing
-- @column frame_id interrupts.id of the innermost open frame; 0 for none
SELECT icount, physical AS entry, new AS value, dir AS directory, slot, source, eip, frame_id
FROM paging_writes
WHERE icount >= $first AND icount < $last
ORDER BY seq
LIMIT $most

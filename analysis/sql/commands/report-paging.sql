-- Writes to page-table entries in a stretch of the run, for the page-table view of a report
--
-- For the command `report`.
-- @param first icount
-- @param last icount, exclusive
-- @param most how many rows at most
-- @column icount when
-- @column entry physical address of the entry
-- @column value the entry from then on
-- @column directory physical address of the directory that it belonged to
-- @column slot PDE index that it is, or lies under
-- @column source what wrote it
-- @column eip code that was executing
-- @column frame_id interrupts.id that it happened in; 0 for none
SELECT icount, physical AS entry, new AS value, dir AS directory, slot, source, eip, frame_id
FROM paging_writes
WHERE icount >= $first AND icount < $last
ORDER BY seq
LIMIT $most

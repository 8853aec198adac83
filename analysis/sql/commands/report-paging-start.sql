-- The page tables at an icount, for the page-table view of a report
--
-- For the command `report`. Covers the directories that are live or written to in a stretch, and their tables.
-- @param first icount of the state, at the begin of the stretch
-- @param last its end, exclusive
-- @param most maximum number of rows
-- @column icount when the entry was written
-- @column entry physical address of the entry
-- @column value the entry
-- @column directory physical address of its directory
-- @column slot PDE index of the entry, or of the PDE above it
-- @column source origin of the write
-- @column eip code that was executing
-- @column frame_id interrupts.id of the innermost open frame; 0 for none
WITH latest AS (
  SELECT physical, max(icount) AS icount, arg_max(new, seq) AS value, arg_max(dir, seq) AS directory, arg_max(slot, seq) AS slot,
    arg_max(source, seq) AS source, arg_max(eip, seq) AS eip, arg_max(frame_id, seq) AS frame_id, arg_max(level, seq) AS level
  FROM paging_writes WHERE icount < $first
  GROUP BY physical HAVING is_present(arg_max(new, seq))
),
used AS (
  SELECT DISTINCT unnest([frame_of(cr3), dir]) AS directory FROM paging_writes WHERE icount >= $first AND icount < $last
  UNION
  SELECT cr3 FROM directory_intervals WHERE from_icount < $last AND to_icount >= $first
),
pdes AS (SELECT l.* FROM latest l JOIN used u ON frame_of(l.physical) = u.directory),
tables AS (SELECT DISTINCT frame_of(value) AS frame FROM pdes WHERE NOT is_large(value)),
ptes AS (SELECT l.* FROM latest l JOIN tables t ON frame_of(l.physical) = t.frame WHERE l.physical NOT IN (SELECT physical FROM pdes))
SELECT icount, physical AS entry, value, directory, slot, source, eip, frame_id
FROM (SELECT * FROM pdes UNION ALL SELECT * FROM ptes)
ORDER BY physical
LIMIT $most

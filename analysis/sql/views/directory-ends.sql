-- Beginnings and ends of page directories
--
-- A directory begins when its recursive slot is set to name itself. It ends when that slot changes, or when its last page table for user
-- addresses is removed: a directory that maps no page of a process belongs to no process any more.
-- @column run_id index of the trace among those given, from 0
-- @column dir physical address of the page directory
-- @column icount instructions retired before
-- @column seq position among all events of the run
-- @column ended true for an end, false for a beginning
-- @column reborn true if the frame had been a directory before
WITH entries AS (
  SELECT w.run_id, w.dir, w.seq, w.icount, w.slot = run.recursive_slot AS is_recursive, w.old, w.new,
    present_frame(w.old) = w.dir AS named_itself, present_frame(w.new) = w.dir AS names_itself
  FROM paging_writes w JOIN run USING (run_id)
  WHERE w.level = 'pde' AND w.slot <= run.recursive_slot AND w.source <> 'accessed_dirty'
),
lives AS (
  SELECT *, is_recursive AND names_itself AND NOT named_itself AS begins,
    count(*) FILTER (is_recursive AND names_itself AND NOT named_itself) OVER (PARTITION BY run_id, dir ORDER BY seq) AS life
  FROM entries
),
counted AS (
  SELECT *, sum(CASE WHEN is_recursive THEN 0 ELSE is_present(new)::INTEGER - is_present(old)::INTEGER END)
    OVER (PARTITION BY run_id, dir, life ORDER BY seq) AS tables
  FROM lives
)
SELECT run_id, dir, icount, seq, NOT begins AS ended, begins AND life > 1 AS reborn
FROM counted
WHERE begins OR (is_recursive AND named_itself AND NOT names_itself) OR (NOT is_recursive AND tables = 0 AND is_present(old))

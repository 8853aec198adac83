-- Which process ran, for the timeline of a report: the longest stretches, in order
--
-- For the command `report`. What is shorter than all of these is left out.
-- @param most how many rows at most
-- @column from_icount first icount
-- @column to_icount icount at which it ends
-- @column label process
-- @column detail its page directory
-- @column left_out stretches that are no row
WITH slices AS (
  SELECT from_icount, least(to_icount, end_of_run(run_id)) AS to_icount, process AS label, 'page directory ' || hex32(cr3) AS detail
  FROM process_slices WHERE to_icount > from_icount
)
SELECT *, greatest(count(*) OVER () - $most, 0) AS left_out
FROM slices
QUALIFY row_number() OVER (ORDER BY to_icount - from_icount DESC) <= $most
ORDER BY from_icount

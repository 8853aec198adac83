-- Which process ran, for the timeline of a report: the longest stretches, in order
--
-- For the command `report`. What is shorter than all of these is left out. Where no process is known, its page directory is named.
-- @param most how many rows at most
-- @column from_icount first icount
-- @column to_icount icount at which it ends
-- @column label process; CR3 and its value where none is known
-- @column detail its page directory
-- @column left_out stretches that are no row
WITH named AS (
  SELECT run_id, from_icount, to_icount, cr3, CASE WHEN pid IS NOT NULL THEN process END AS process FROM process_slices
  UNION ALL
  SELECT run_id, from_icount, to_icount, cr3, NULL FROM directory_intervals WHERE NOT EXISTS (FROM process_slices)
),
slices AS (
  SELECT from_icount, least(to_icount, end_of_run(run_id)) AS to_icount, coalesce(process, 'CR3 ' || hex32(cr3)) AS label,
    'page directory ' || hex32(cr3) AS detail
  FROM named WHERE to_icount > from_icount
)
SELECT *, greatest(count(*) OVER () - $most, 0) AS left_out
FROM slices
QUALIFY row_number() OVER (ORDER BY to_icount - from_icount DESC) <= $most
ORDER BY from_icount

-- The running process, for the timeline of a report: the longest stretches, in order
--
-- For the command `report`. Shorter stretches are omitted. If the process is unknown, its page directory is named.
-- @param most maximum number of rows
-- @column from_icount first icount
-- @column to_icount icount at which it ends
-- @column label process; CR3 and its value if unknown
-- @column detail its page directory
-- @column left_out number of stretches omitted
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

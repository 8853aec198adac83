-- The owner of each page directory, for the page-table view of a report
--
-- For the command `report`. A directory without a known process begins when CR3 is first loaded with it.
-- @param most maximum number of rows
-- @column directory physical address
-- @column from_icount first icount
-- @column to_icount icount at which it ends, exclusive
-- @column name process; CR3 and its value if unknown
WITH owners AS (
  SELECT run_id, dir, from_icount, to_icount,
    CASE WHEN pid IS NULL THEN 'never run' WHEN pid = 0 AND comm = '' THEN 'idle' ELSE comm || '[' || pid || ']' END AS name
  FROM directory_owners
  UNION ALL
  SELECT run_id, cr3, min(from_icount), forever(), 'CR3 ' || hex32(cr3)
  FROM directory_intervals WHERE (run_id, cr3) NOT IN (SELECT run_id, dir FROM directory_owners)
  GROUP BY ALL
)
SELECT dir AS directory, from_icount, least(to_icount, end_of_run(run_id) + 1) AS to_icount, name
FROM owners
WHERE to_icount > from_icount
ORDER BY from_icount, dir
LIMIT $most

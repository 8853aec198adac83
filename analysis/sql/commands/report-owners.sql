-- Whose each page directory was, for the page-table view of a report
--
-- For the command `report`.
-- @param most how many rows at most
-- @column directory physical address
-- @column from_icount first icount
-- @column to_icount icount at which it ends, exclusive
-- @column name process
SELECT dir AS directory, from_icount, least(to_icount, end_of_run(run_id) + 1) AS to_icount,
  CASE WHEN pid IS NULL THEN 'never run' WHEN pid = 0 AND comm = '' THEN 'idle' ELSE comm || '[' || pid || ']' END AS name
FROM directory_owners
WHERE to_icount > from_icount
ORDER BY from_icount, dir
LIMIT $most

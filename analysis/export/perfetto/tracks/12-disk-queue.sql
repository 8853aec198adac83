-- disk queue
--
-- Disk commands and blocks in progress.
-- @category counter
-- @column icount when one began or ended
-- @column name unit
-- @column counter number of open ones from then on
WITH changes AS (
  SELECT icount, 1 AS step FROM inputs WHERE kind IN ('disk_latency', 'disk_block')
  UNION ALL
  SELECT due_icount, -1 FROM inputs WHERE kind IN ('disk_latency', 'disk_block')
),
summed AS (SELECT icount, sum(step) AS step FROM changes GROUP BY icount)
SELECT icount, 'commands' AS name, (sum(step) OVER (ORDER BY icount))::BIGINT AS counter FROM summed ORDER BY icount

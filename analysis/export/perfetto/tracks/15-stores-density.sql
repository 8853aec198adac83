-- stores in time
--
-- Memory writes, if they were recorded (detail stores), in each of 1,000 equal parts of the run.
-- @category counter
-- @column icount begin of the part
-- @column name unit
-- @column counter number of events
WITH parts AS (SELECT run_id, greatest(instructions // 1e3::BIGINT, 1) AS length, instructions FROM run),
counted AS (SELECT s.icount // p.length AS part, count(*) AS n FROM stores s CROSS JOIN parts p GROUP BY ALL)
SELECT s.part * p.length AS icount, 'in a part' AS name, coalesce(c.n, 0) AS counter
FROM parts p, generate_series(0, p.instructions // p.length) s(part) LEFT JOIN counted c ON c.part = s.part
WHERE EXISTS (FROM counted)
ORDER BY icount

-- Counts of the timeline's events, in parts of 2^8, 2^10, … 2^40 instructions
--
-- Each level is the sum of the previous one.
-- @column track kind of the events
-- @column level 8, 10, … 40
-- @column part of 2^level instructions, from 0
-- @column n events in it
WITH RECURSIVE counted AS (
  SELECT track, 8 AS level, icount // 256 AS part, count(*)::BIGINT AS n FROM timeline_events GROUP BY ALL
  UNION ALL
  SELECT track, level + 2, part // 4, sum(n)::BIGINT FROM counted WHERE level < 40 GROUP BY ALL
)
SELECT track, level, part, n FROM counted ORDER BY level, track, part

-- The stretches of the timeline, each with the zoom level from which it is drawn
--
-- Level k stands for parts of 2^k instructions: of the stretches that begin in one part, the longest has that level. The longest of a
-- part is also the longest of the smaller part in which it begins, so each level is chosen from the previous one.
-- @column track its name
-- @column lane row inside the track, from 0
-- @column from_icount first icount
-- @column to_icount icount at which it ends
-- @column label text of the stretch
-- @column detail further text; NULL if there is none
-- @column level the highest at which it is the longest of its part
WITH RECURSIVE numbered AS (
  SELECT row_number() OVER () AS id, * FROM timeline_slices
),
picked AS (
  SELECT id, track, lane, from_icount, to_icount, 8 AS level FROM numbered
  UNION ALL
  SELECT id, track, lane, from_icount, to_icount, level + 2 FROM picked WHERE level < 40
  QUALIFY row_number() OVER (PARTITION BY track, lane, from_icount >> (level + 2) ORDER BY to_icount - from_icount DESC, id) = 1
),
highest AS (
  SELECT id, max(level) AS level FROM picked GROUP BY id
)
SELECT track, lane, from_icount, to_icount, label, detail, level
FROM numbered JOIN highest USING (id)
ORDER BY track, from_icount

-- Events at one icount, for the timeline of a report
--
-- For the command `report`. The first events of each track.
-- @param most maximum number of rows per track
-- @column track console or exceptions
-- @column icount when
-- @column label the line, or the vector and the code
-- @column detail further text; NULL if there is none
-- @column eip the code; NULL for a line
-- @column frame_id interrupts.id of the innermost open frame; 0 for none
-- @column left_out number of events of the track omitted
WITH marks AS (
  SELECT 'console' AS track, icount, line AS label, port::VARCHAR AS detail, NULL AS eip, 0 AS frame_id FROM console
  UNION ALL
  SELECT 'exceptions', icount, 'vector ' || vector || ' at ' || symbol(run_id, eip), owner_text(run_id, frame_of(cr3), icount), eip, frame_id
  FROM exceptions WHERE vector <> 14
)
SELECT *, greatest(count(*) OVER (PARTITION BY track) - $most, 0) AS left_out
FROM marks
QUALIFY row_number() OVER (PARTITION BY track ORDER BY icount) <= $most
ORDER BY track, icount

-- Counts of events in a view of the timeline that is shorter than the parts of all levels
--
-- For the command `serve`.
-- @param level of parts of 2^level instructions
-- @param begin first icount
-- @param finish icount at which the view ends
-- @column track kind of the events
-- @column part of 2^level instructions, from 0
-- @column n events in it
SELECT track, icount >> $level AS part, count(*) AS n FROM timeline_events
WHERE icount >= $begin AND icount < $finish
GROUP BY ALL ORDER BY ALL

-- Counts of events in a view of the timeline
--
-- For the command `serve`.
-- @param level of parts of 2^level instructions
-- @param begin first part
-- @param finish last part
-- @column track kind of the events
-- @column part of 2^level instructions, from 0
-- @column n events in it
SELECT track, part, n FROM event_levels WHERE level = $level AND part BETWEEN $begin AND $finish
ORDER BY track, part

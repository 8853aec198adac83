-- Every stretch that the timeline of `serve` draws
--
-- The tracks of a report, without its limit of rows.
-- @column track its name
-- @column lane row inside the track, from 0
-- @column from_icount first icount
-- @column to_icount icount at which it ends
-- @column label text of the stretch
-- @column detail further text; NULL if there is none
SELECT 'process' AS track, 0 AS lane, from_icount, to_icount, label, detail FROM all_processes
UNION ALL SELECT 'interrupts', lane, from_icount, to_icount, label, detail FROM all_interrupts
UNION ALL SELECT 'interrupts waiting', lane, from_icount, to_icount, label, detail FROM all_waits
UNION ALL SELECT track, 0, from_icount, to_icount, label, detail FROM all_windows
UNION ALL SELECT 'interrupts off', lane, from_icount, to_icount, label, NULL FROM all_off

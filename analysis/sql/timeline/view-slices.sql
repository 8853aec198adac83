-- The stretches that a view of the timeline draws
--
-- For the command `serve`.
-- @param level minimum level of the stretches
-- @param begin first icount of the view
-- @param finish icount at which it ends
-- @column track its name
-- @column lane row inside the track, from 0
-- @column from_icount first icount
-- @column to_icount icount at which it ends
-- @column label text of the stretch
-- @column detail further text; NULL if there is none
SELECT track, lane, from_icount, to_icount, label, detail FROM slice_levels
WHERE level >= $level AND from_icount < $finish AND to_icount > $begin
ORDER BY track, from_icount

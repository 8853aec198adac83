-- console
--
-- Lines of the console.
-- @category console
-- @column icount when the line began
-- @column name the line
SELECT icount, line AS name FROM console ORDER BY icount

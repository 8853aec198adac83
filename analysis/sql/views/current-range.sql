-- The stretch of the run that is selected in `serve`
--
-- One row per trace. Outside `serve`, and while nothing is selected there, it is the whole run, so a saved query that names
-- it works everywhere: SELECT * FROM paging_writes JOIN current_range USING (run_id) WHERE icount BETWEEN from_icount AND to_icount
-- @column run_id index of the trace among those given, from 0
-- @column from_icount first icount
-- @column to_icount icount at which it ends
SELECT run_id, 0::BIGINT AS from_icount, instructions AS to_icount FROM run

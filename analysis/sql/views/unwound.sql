-- Frames of call stacks, as numbers, at the instants requested with `--stacks`
--
-- One row per frame, empty without `--stacks`. The view `stacks` names them.
-- @column run_id index of the trace among those given, from 0
-- @column icount the instant: before the instruction there
-- @column level 0 for the function that is running, 1 for its caller, and so on
-- @column eip address of the next instruction of the frame; for a caller, the return address
-- @column esp stack pointer of the frame: for level 0, ESP at the instant; for a caller, after the return
-- @column pc an address in the frame's code; for a caller, within the call, which may be the last instruction of its function
-- @column interrupted 1 if the frame did not call the one below, but was interrupted by an interrupt or exception
SELECT 0::USMALLINT AS run_id, 0::BIGINT AS icount, 0::UINTEGER AS level, 0::UINTEGER AS eip, 0::UINTEGER AS esp, 0::UINTEGER AS pc, 0::UTINYINT AS interrupted
WHERE false

-- An access through the alternate window: each store, each read by a repeated string instruction, and of other reads the first per TLB fill
--
-- The rows of window_accesses for the alternate map.
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before the one that caused this event
-- @column seq position among all events of the run
-- @column eip EIP of the instruction
-- @column cpl current privilege level, 0-3
-- @column depth interrupt frames open, 0 = none
-- @column frame_id id of the innermost open interrupt frame, 0 = none
-- @column cr3 physical address of the page directory, bytes
-- @column linear linear address accessed
-- @column physical physical address reached
-- @column access read or write
-- @column apt the current value of the alternate PDE of the live directory
-- @column used the alternate PDE under which the translation was filled
-- @column value value read or written, zero-extended
-- @column size bytes
SELECT run_id, icount, seq, eip, cpl, depth, frame_id, cr3, linear, physical, access, fresh AS apt, used, value, size
FROM window_accesses WHERE window_id = 0

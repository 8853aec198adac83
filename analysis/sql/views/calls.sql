-- Calls of functions that were asked for, with arguments and results
--
-- The rows of tracepoint_hits that are at the start of a function, of `--probe FUNCTION`, `--detail calls` or `--trace`.
-- @column run_id which of the traces given, from 0
-- @column icount instructions retired before the function's first
-- @column seq position among all events of the run
-- @column probe number of the probe (probes.probe)
-- @column name the function, as it was asked for
-- @column call_id number of the call among those of its probe, from 1
-- @column process process under whose directory it ran, comm[pid]; NULL where none is known
-- @column depth interrupt frames that the code is inside of
-- @column frame_id innermost open interrupt frame (interrupts.id), 0 = none
-- @column cr3 physical address of the current page directory, bytes
-- @column stack linear address at which the stack ends: it tells threads of one kernel apart
-- @column esp ESP at the first instruction: the return address is there
-- @column nesting calls of probed functions that are open on this stack
-- @column callee linear address of the function
-- @column caller return address
-- @column arguments the values by name, a MAP: arguments['va']
-- @column returned_icount icount of the instruction returned to; NULL where it never came
-- @column result EAX then
-- @column result_high EDX then
-- @column instructions from the call to the return, with those of interrupts and other threads between
SELECT run_id, icount, seq, probe, name, call_id, process, depth, frame_id, cr3, stack, esp, nesting, eip AS callee, caller, arguments,
  returned_icount, result, result_high, instructions
FROM tracepoint_hits
WHERE caller IS NOT NULL

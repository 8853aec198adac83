-- Calls of probed functions, with arguments and results
--
-- The rows of tracepoint_hits at the start of a function, from `--probe FUNCTION`, `--detail calls` or `--trace`.
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before the first of the function
-- @column seq position among all events of the run
-- @column probe number of the probe (probes.probe)
-- @column name the function, as requested
-- @column call_id number of the call among those of its probe, from 1
-- @column process process under whose directory it ran, comm[pid]
-- @column depth number of open interrupt frames around the code
-- @column frame_id innermost open interrupt frame (interrupts.id), 0 = none
-- @column cr3 physical address of the current page directory, bytes
-- @column stack linear address of the end of the stack, which distinguishes the threads of a kernel
-- @column esp ESP at the first instruction, the address of the return address
-- @column nesting number of open calls of probed functions on this stack
-- @column callee linear address of the function
-- @column caller return address
-- @column arguments the values by name, a MAP: arguments['va']
-- @column returned_icount icount of the instruction returned to; NULL if it never returned
-- @column result EAX on return
-- @column result_high EDX on return
-- @column instructions instructions from the call to the return, including those of interrupts and other threads
SELECT run_id, icount, seq, probe, name, call_id, process, depth, frame_id, cr3, stack, esp, nesting, eip AS callee, caller, arguments,
  returned_icount, result, result_high, instructions
FROM tracepoint_hits
WHERE caller IS NOT NULL

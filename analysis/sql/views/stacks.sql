-- Call stacks at the instants requested with `--stacks`, by replay
--
-- One row per frame, innermost first. `query` and `sql` execute the run up to each instant (`--stacks 623300`, `--stacks findings`, or
-- `--stacks "SELECT …"` with a column icount) and unwind the stack there as the debugger does: by DWARF, by frame pointers, and through interrupts
-- by what the processor pushed. Empty without `--stacks`; `stack_at` needs no replay, but calls recorded by probes.
-- @column run_id index of the trace among those given, from 0
-- @column icount the instant: before the instruction there
-- @column level 0 for the function that is running, 1 for its caller, and so on
-- @column name function, or the address if no symbol contains it
-- @column line source line of the frame; for a caller, the line of the call; NULL without DWARF
-- @column inlined that function with its line, behind those inlined into it there: `inner:12 < outer:34`; NULL without DWARF
-- @column eip address of the next instruction of the frame; for a caller, the return address
-- @column esp stack pointer of the frame: for level 0, ESP at the instant; for a caller, after the return
-- @column interrupted 1 if the frame did not call the one below, but was interrupted by an interrupt or exception
SELECT run_id, icount, level, function_at(run_id, pc) AS name, line(run_id, pc) AS line,
  inlined(run_id, pc) AS inlined, eip, esp, interrupted
FROM unwound
ORDER BY run_id, icount, level

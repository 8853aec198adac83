-- Hits of probes, with the values at each
--
-- One row each time code reached the place of a `--trace` or `--probe`, in the order of the run. At the start of a function the row is a
-- call and has its result too. `arguments` maps each requested value to its result: arguments['va'].
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before the one at the place
-- @column seq position among all events of the run
-- @column probe number of the probe (probes.probe)
-- @column name the function or place, as requested
-- @column call_id number of this hit among those of its probe, from 1
-- @column eip EIP of the instruction at the place
-- @column process process under whose directory it ran, comm[pid]
-- @column cpl current privilege level, 0-3
-- @column depth number of open interrupt frames around the code
-- @column frame_id innermost open interrupt frame (interrupts.id), 0 = none
-- @column cr3 physical address of the current page directory, bytes
-- @column stack linear address of the end of the stack, which distinguishes the threads of a kernel
-- @column esp ESP before the instruction
-- @column nesting number of open calls of probed functions on this stack
-- @column caller return address; NULL if the place is not the start of a function
-- @column arguments the values by name, a MAP; NULL for a value that could not be read
-- @column value0 first value
-- @column value1 second
-- @column value2 third
-- @column value3 fourth
-- @column value4 fifth
-- @column value5 sixth
-- @column value6 seventh
-- @column value7 eighth
-- @column returned_icount icount of the instruction returned to; NULL if it never returned
-- @column result EAX on return
-- @column result_high EDX on return
-- @column instructions instructions from the call to the return, including those of interrupts and other threads
WITH hits AS (
  SELECT e.*, p.name, p.is_function,
    list_filter([p.value0, p.value1, p.value2, p.value3, p.value4, p.value5, p.value6, p.value7], v -> v IS NOT NULL) AS names,
    list_transform([e.value0, e.value1, e.value2, e.value3, e.value4, e.value5, e.value6, e.value7],
      (v, n) -> CASE WHEN (e.known >> (n - 1)) % 2 = 1 THEN v END) AS found
  FROM call_entries e JOIN probes p ON p.run_id = e.run_id AND p.probe = e.probe
)
SELECT h.run_id, h.icount, h.seq, h.probe, h.name, h.call_id, h.eip, h.process, h.cpl, h.depth,
  h.frame_id, h.cr3, h.stack, h.esp, h.nesting, CASE WHEN h.is_function = 1 THEN h.caller END AS caller,
  map(h.names, h.found[1:len(h.names)]) AS arguments, h.found[1] AS value0, h.found[2] AS value1, h.found[3] AS value2,
  h.found[4] AS value3, h.found[5] AS value4, h.found[6] AS value5, h.found[7] AS value6, h.found[8] AS value7,
  r.icount AS returned_icount, r.eax AS result, r.edx AS result_high, r.icount - h.icount AS instructions
FROM hits h
LEFT JOIN call_returns r ON r.run_id = h.run_id AND r.probe = h.probe AND r.call_id = h.call_id
ORDER BY h.run_id, h.seq

-- Code that came to a probe, with the values there
--
-- One row for each time that code came to the place of a `--trace` or `--probe`, in the order of the run. At the start of a function that is a
-- call, and the row has its result as well. `arguments` has the values by what they were asked for: arguments['va'].
-- @column run_id which of the traces given, from 0
-- @column icount instructions retired before the one at the place
-- @column seq position among all events of the run
-- @column probe number of the probe (probes.probe)
-- @column name the function or place, as it was asked for
-- @column call_id number of this hit among those of its probe, from 1
-- @column eip EIP of the instruction at the place
-- @column process process under whose directory it ran, comm[pid]; NULL where none is known
-- @column cpl current privilege level, 0-3
-- @column depth interrupt frames that the code is inside of
-- @column frame_id innermost open interrupt frame (interrupts.id), 0 = none
-- @column cr3 physical address of the current page directory, bytes
-- @column stack linear address at which the stack ends: it tells threads of one kernel apart
-- @column esp ESP before the instruction
-- @column nesting calls of probed functions that are open on this stack
-- @column caller return address; NULL where the place is not the start of a function
-- @column arguments the values by name, a MAP; NULL of one that could not be read
-- @column value0 first of them
-- @column value1 second
-- @column value2 third
-- @column value3 fourth
-- @column value4 fifth
-- @column value5 sixth
-- @column value6 seventh
-- @column value7 eighth
-- @column returned_icount icount of the instruction returned to; NULL where it never came
-- @column result EAX then
-- @column result_high EDX then
-- @column instructions from the call to the return, with those of interrupts and other threads between
WITH hits AS (
  SELECT e.*, p.name, p.is_function,
    list_filter([p.value0, p.value1, p.value2, p.value3, p.value4, p.value5, p.value6, p.value7], v -> v IS NOT NULL) AS names,
    list_transform([e.value0, e.value1, e.value2, e.value3, e.value4, e.value5, e.value6, e.value7],
      (v, n) -> CASE WHEN (e.known >> (n - 1)) % 2 = 1 THEN v END) AS found
  FROM call_entries e JOIN probes p ON p.run_id = e.run_id AND p.probe = e.probe
)
SELECT h.run_id, h.icount, h.seq, h.probe, h.name, h.call_id, h.eip, process_text(s.pid, s.comm) AS process, h.cpl, h.depth,
  h.frame_id, h.cr3, h.stack, h.esp, h.nesting, CASE WHEN h.is_function = 1 THEN h.caller END AS caller,
  map(h.names, h.found[1:len(h.names)]) AS arguments, h.found[1] AS value0, h.found[2] AS value1, h.found[3] AS value2,
  h.found[4] AS value3, h.found[5] AS value4, h.found[6] AS value5, h.found[7] AS value6, h.found[8] AS value7,
  r.icount AS returned_icount, r.eax AS result, r.edx AS result_high, r.icount - h.icount AS instructions
FROM hits h
LEFT JOIN call_returns r ON r.run_id = h.run_id AND r.probe = h.probe AND r.call_id = h.call_id
ASOF LEFT JOIN processes s ON s.run_id = h.run_id AND s.cr3 = h.cr3 AND s.seq <= h.seq
ORDER BY h.run_id, h.seq

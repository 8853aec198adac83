-- Frames used as page directories and page tables, over time
--
-- One row per stretch of the run in which the machine followed a frame as page directory or as page table. A directory begins when CR3 or the
-- alternate map names it, a table when a walk uses it. A table ends when no directory names it any more. A directory ends when
-- it is empty, no longer names itself in the recursive slot or, in a guest without one, no longer maps the executing code. A directory that
-- a recursive map shows is a table of its own as well.
-- @column run_id index of the trace among those given, from 0
-- @column physical physical address of the frame, bytes
-- @column role directory or table
-- @column dir of a table, physical address of the directory through which it was first walked; of a directory, its own
-- @column slot of a table, index 0-1023 of the PDE in dir; of a directory, 0
-- @column cause reason for its begin: cr3, walk or window
-- @column eip code that was executing
-- @column cr3 live page directory then, physical address
-- @column process owner of that page directory, comm[pid]
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column from_icount icount of the instruction by which it began
-- @column from_seq position of that among all events of the run
-- @column to_icount icount of the instruction by which it ended; 2^53-1 if it did not
-- @column to_seq position of that; NULL if it did not end
-- @column end_cause reason for its end: empty, recursive_slot, code or unnamed; NULL if it did not end
-- @column end_eip code that ended it; NULL if it did not end
WITH spans AS (
  SELECT *, lead(icount) OVER next AS to_icount, lead(seq) OVER next AS to_seq, lead(cause) OVER next AS end_cause, lead(eip) OVER next AS end_eip
  FROM structure_changes
  WINDOW next AS (PARTITION BY run_id, physical, role ORDER BY seq)
)
SELECT run_id, physical, role, dir, slot, cause, eip, cr3, process, esp, icount AS from_icount, seq AS from_seq,
  coalesce(to_icount, forever()) AS to_icount, to_seq, end_cause, end_eip
FROM spans WHERE op = 'begin'

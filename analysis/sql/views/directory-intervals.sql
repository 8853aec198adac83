-- The live page directory over time
--
-- One row per stretch of the run between two changes of CR3's directory. A load of the same directory (a flush) is not a change.
-- @column run_id index of the trace among those given, from 0
-- @column cr3 physical address of the page directory, bytes
-- @column process owner of that page directory when it was loaded, comm[pid]
-- @column from_icount icount of the instruction that loaded it
-- @column from_seq position of that load among all events of the run
-- @column to_icount icount of the instruction that loaded the next; 2^53-1 if there is none
-- @column to_seq position of that load; NULL if there is none
WITH loads AS (
  SELECT run_id, icount, seq, frame_of(new) AS cr3,
    lag(frame_of(new)) OVER (PARTITION BY run_id ORDER BY seq) AS before
  FROM control_writes WHERE reg = 'cr3'
)
SELECT run_id, cr3, owner_text(run_id, cr3, icount) AS process, icount AS from_icount, seq AS from_seq,
  coalesce(lead(icount) OVER next, forever()) AS to_icount, lead(seq) OVER next AS to_seq
FROM loads
WHERE before IS DISTINCT FROM cr3
WINDOW next AS (PARTITION BY run_id ORDER BY seq)

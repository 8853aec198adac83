-- The owner of each page directory over time
--
-- A directory begins when its recursive slot is set to name itself; its frame may be another directory later. From then on it belongs to
-- the next process seen running under it, whose name may change (exec). If no process was current, the directory belongs to idle (pid 0, no
-- name), provided that this was seen for one directory alone: many kernels clear their pointer before they load CR3, whichever process is
-- next.
-- @column run_id index of the trace among those given, from 0
-- @column dir physical address of the page directory
-- @column from_icount first icount at which it belongs to this process
-- @column to_icount icount at which that ends (exclusive); 2^53-1 if it does not end
-- @column pid process id; NULL if no process ever ran under it
-- @column comm command name; NULL if no process ever ran under it
WITH births AS (
  SELECT w.run_id, w.dir, w.icount, w.seq
  FROM paging_writes w JOIN run USING (run_id)
  WHERE w.level = 'pde' AND w.slot = run.recursive_slot AND w.source IN ('store', 'adopt')
    AND is_present(w.new) AND frame_of(w.new) = w.dir
),
idle AS (
  SELECT run_id, any_value(cr3) AS cr3 FROM processes WHERE proc = 0 GROUP BY run_id HAVING count(DISTINCT cr3) = 1
),
steps AS (
  SELECT run_id, dir, icount, seq, NULL::UINTEGER AS pid, NULL::VARCHAR AS comm, true AS birth FROM births
  UNION ALL
  SELECT run_id, cr3, icount, seq, pid, comm, false FROM processes WHERE proc <> 0
  UNION ALL
  SELECT p.run_id, p.cr3, p.icount, p.seq, p.pid, p.comm, false
  FROM processes p JOIN idle USING (run_id, cr3) WHERE p.proc = 0
),
lives AS (
  SELECT *, sum(birth::INTEGER) OVER (PARTITION BY run_id, dir ORDER BY seq) AS life FROM steps
),
named AS (
  SELECT *,
    lead(icount) OVER (PARTITION BY run_id, dir ORDER BY seq) AS to_icount,
    coalesce(pid, first_value(pid IGNORE NULLS) OVER following) AS owner_pid,
    coalesce(comm, first_value(comm IGNORE NULLS) OVER following) AS owner_comm
  FROM lives
  WINDOW following AS (PARTITION BY run_id, dir, life ORDER BY seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
)
SELECT run_id, dir, icount AS from_icount, coalesce(to_icount, forever()) AS to_icount,
  owner_pid AS pid, owner_comm AS comm
FROM named

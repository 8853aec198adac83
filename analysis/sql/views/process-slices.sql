-- The running process over time
--
-- One row per stretch of the run under one page directory and one process, as the guest profile distinguishes them. A stretch begins with a
-- load of CR3, or where another process, or another name of it, is seen under the same directory. Without `process` in
-- the profile there are no rows; use directory_intervals.
-- @column run_id index of the trace among those given, from 0
-- @column cr3 physical address of the page directory, bytes
-- @column proc linear address of the process structure, 0 = idle; NULL before one was seen under the directory
-- @column pid process id
-- @column comm command name
-- @column process comm[pid], idle, or unknown before a process is seen under the directory
-- @column from_icount first icount
-- @column from_seq position among all events of the event that began the stretch
-- @column to_icount icount at which the next stretch begins; 2^53-1 if there is none
-- @column instructions instructions retired in it; NULL for the last
WITH points AS (
  SELECT run_id, from_icount AS icount, from_seq AS seq, cr3 FROM directory_intervals
  UNION ALL
  SELECT run_id, icount, seq, cr3 FROM processes
),
named AS (
  SELECT t.run_id, t.icount, t.seq, t.cr3, p.proc, p.pid, p.comm,
    lag(t.seq) OVER earlier IS NULL OR lag(t.cr3) OVER earlier <> t.cr3 OR lag(p.proc) OVER earlier IS DISTINCT FROM p.proc
      OR lag(p.pid) OVER earlier IS DISTINCT FROM p.pid OR lag(p.comm) OVER earlier IS DISTINCT FROM p.comm AS changed
  FROM points t
  ASOF LEFT JOIN processes p ON p.run_id = t.run_id AND p.cr3 = t.cr3 AND p.seq <= t.seq
  WHERE EXISTS (FROM processes)
  WINDOW earlier AS (PARTITION BY t.run_id ORDER BY t.seq)
)
SELECT run_id, cr3, proc, pid, comm, CASE WHEN pid IS NULL THEN 'unknown' ELSE process_text(pid, comm) END AS process, icount AS from_icount, seq AS from_seq,
  coalesce(lead(icount) OVER next, forever()) AS to_icount, lead(icount) OVER next - icount AS instructions
FROM named
WHERE changed
WINDOW next AS (PARTITION BY run_id ORDER BY seq)

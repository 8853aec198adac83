-- Threads of Linux by name, kernel threads among them
--
-- One row for each stretch of the run in which a thread (the column `thread` of every event) had one id and name. A kernel thread has no
-- page directory of its own: `process` of its events is the owner of the directory that it borrows, and this is its name. Filled by
-- `rewind386 replay run.r386 --profile linux -o named.r386`, which records each switch of threads.
-- @column run_id index of the trace among those given, from 0
-- @column thread number of the kernel stack
-- @column pid id of the task
-- @column comm its name, up to 15 characters
-- @column task both as text, comm[pid]
-- @column is_kernel true for a thread of the kernel
-- @column from_icount icount of the first switch to it by that name
-- @column to_icount icount of the first switch to it by another name; NULL if there was none
WITH switches AS (
  SELECT e.run_id, e.icount, e.seq, e.thread, e.value0 AS pid, text_of([e.value1, e.value2, e.value3, e.value4]) AS comm,
    is_kernel_thread(e.value5) AS is_kernel
  FROM call_entries e JOIN probes p ON p.run_id = e.run_id AND p.probe = e.probe
  WHERE p.name = '__switch_to' AND p.value0 = 'pid' AND p.value1 = 'comm0' AND p.value5 = 'flags'
),
changes AS (
  SELECT *, lag(struct_pack(pid := pid, comm := comm)) OVER (PARTITION BY run_id, thread ORDER BY seq)
    IS DISTINCT FROM struct_pack(pid := pid, comm := comm) AS is_new
  FROM switches
)
SELECT run_id, thread, pid, comm, comm || '[' || pid || ']' AS task, is_kernel, icount AS from_icount,
  lead(icount) OVER (PARTITION BY run_id, thread ORDER BY seq) AS to_icount
FROM changes WHERE is_new
ORDER BY run_id, thread, icount

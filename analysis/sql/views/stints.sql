-- Stretches of time that the kernel spends on one stack
--
-- A stretch begins with a switch of the stack by a load of ESP, by a load of CR3 (in kernels with every stack at one address) or by a task
-- switch. A thread is identified by its stack: by the lowest of the frames on which its stretches began and ended.
-- @column run_id index of the trace among those given, from 0
-- @column seq position of the switch among all events of the run
-- @column thread frame number that stands for the stack: the same in every stretch of one thread, as long as it lives
WITH switches AS (
  SELECT run_id, seq, new_frame AS began, lead(old_frame, 1, new_frame) OVER (PARTITION BY run_id ORDER BY seq) AS ended
  FROM stack_switches WHERE reason IN ('load', 'cr3', 'task')
),
stacks AS (
  SELECT run_id, unnest([began, ended]) AS frame, least(began, ended) AS lowest FROM switches
),
threads AS (SELECT run_id, frame, min(lowest) AS thread FROM stacks GROUP BY ALL)
SELECT s.run_id, s.seq, t.thread FROM switches s JOIN threads t ON t.run_id = s.run_id AND t.frame = s.began

-- Stretches of time that the kernel spends on one stack
--
-- A stretch begins with a switch of the stack by a load of ESP, by a load of CR3 (in kernels with every stack at one address) or by a task
-- switch. A thread is identified by its stack: by the lowest of the frames on which its stretches began and ended. A kernel that
-- handles interrupts on a stack of their own has a thread for that; a frame that is freed and becomes part of another stack keeps its number.
-- @column run_id index of the trace among those given, from 0
-- @column seq position of the switch among all events of the run
-- @column thread number of the stack, from 1 in the order of the run: the same in every stretch of one thread, as long as it lives
SELECT run_id, seq, thread FROM stack_switches WHERE reason IN ('load', 'cr3', 'task')

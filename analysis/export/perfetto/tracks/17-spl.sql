-- spl
--
-- IRQs held off by the kernel's priority level, if a window declares its variable.
-- @category interrupt
-- @column icount when the level was set
-- @column end_icount when it changed
-- @column name IRQs held off
-- @column code code that set it
SELECT from_icount AS icount, least(to_icount, end_of_run(run_id)) AS end_icount, irqs_text(mask) AS name, symbol(run_id, eip) AS code
FROM interrupts_off WHERE what = 'spl'
ORDER BY from_seq

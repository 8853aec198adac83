-- interrupts off
--
-- Stretches with EFLAGS.IF clear, if its changes were recorded.
-- @category interrupt
-- @column icount when it was cleared
-- @column end_icount when it was set
-- @column name the cleared flag
-- @column code code that cleared it; of an interrupt gate the handler's first instruction
SELECT from_icount AS icount, least(to_icount, end_of_run(run_id)) AS end_icount, 'IF = 0' AS name, symbol(run_id, eip) AS code
FROM interrupts_off WHERE what = 'if'
ORDER BY from_seq

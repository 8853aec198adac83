-- Hardware interrupts of the selected stretch: the query that the console of `serve` begins with
--
-- For the command `serve`, which shows it in the editor.
-- @column run_id index of the trace among those given, from 0
-- @column icount delivery
-- @column interrupt its IRQ
-- @column came_in_at the code interrupted
SELECT run_id, icount, interrupt_text(irq, vector, source) AS interrupt, symbol(run_id, eip) AS came_in_at
FROM interrupts JOIN current_range USING (run_id)
WHERE irq IS NOT NULL AND icount BETWEEN from_icount AND to_icount
ORDER BY run_id, icount

-- interrupts
--
-- Interrupts of a process, as they nest.
-- @category interrupt
-- @column icount delivery
-- @column end_icount IRET
-- @column pid process whose page directory was live
-- @column comm its command name
-- @column name IRQ or INT and its number, or SYSENTER
-- @column handler function entered
-- @column interrupted_at code interrupted
-- @column depth interrupt frames open inside the handler
-- @column frame_id interrupts.id
-- @column deliveries number of folded deliveries, if more than one
-- @column under page directory, if the process is unknown
-- @column flow the interrupt, if it set the alternate map
SELECT i.icount, coalesce(i.iret_icount, end_of_run(i.run_id)) AS end_icount, i.owner.pid, i.owner.comm,
  interrupt_text(i.irq, i.vector, i.source) AS name, symbol(i.run_id, i.handler) AS handler, symbol(i.run_id, i.eip) AS interrupted_at,
  i.depth, i.id AS frame_id, nullif(i.count, 1) AS deliveries,
  CASE WHEN i.owner.pid IS NULL THEN hex32(frame_of(i.cr3)) END AS under,
  CASE WHEN i.id IN (SELECT frame_id FROM aptd_switches WHERE op = 'write') THEN i.id END AS flow
FROM (SELECT *, owner_at(run_id, cr3, icount) AS owner FROM interrupts) i
ORDER BY i.icount, i.seq

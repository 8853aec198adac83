-- hijacks
--
-- The alternate map names another process's page tables, from the switch by an interrupt handler until it is set again. Columns as in
-- foreign-pmap.
-- @category finding
-- @column icount icount at which the handler changed the slot
-- @column end_icount when it was set again
-- @column name verdict and process
-- @column interrupt IRQ or INT and its number, or SYSENTER
-- @column handler function entered
-- @column switch_at code that changed the slot
-- @column intended_dir directory meant, physical address
-- @column intended_owner its owner
-- @column foreign_dir directory left there, physical address
-- @column foreign_owner its owner
-- @column access_at code of the first wrong access
-- @column accesses each: icount, R or W, linear address = value
-- @column flow the interrupt
SELECT switch_icount AS icount, coalesce(repaired_icount, end_of_run(run_id)) AS end_icount, verdict || ': ' || process AS name,
  interrupt, handler, switch_at, intended_dir, intended_owner, foreign_dir, foreign_owner, access_at, accesses, interrupt_id AS flow
FROM foreign_pmap
ORDER BY switch_icount

-- wrong accesses
--
-- Accesses through an alternate map that an interrupt had switched, joined by arrows with that interrupt.
-- @category finding
-- @column icount of the access
-- @column name read or write, and the linear address
-- @column code code of the access
-- @column directory directory of the page tables that it reached, physical address
-- @column intended_dir directory meant, physical address
-- @column value value read or written
-- @column flow the interrupt
SELECT icount, access || ' ' || hex32(linear) AS name, symbol(run_id, eip) AS code, hex32(used) AS directory, hex32(own_dir) AS intended_dir,
  hex32(value) AS value, interrupt_id AS flow
FROM wrong_accesses
ORDER BY icount

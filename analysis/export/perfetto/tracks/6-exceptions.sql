-- exceptions
--
-- Exceptions of a process.
-- @category exception
-- @column icount delivery
-- @column pid process whose page directory was live
-- @column comm its command name
-- @column name vector, and for a page fault the address
-- @column code code that faulted
-- @column error_code error code
-- @column depth interrupt frames open, 0 = none
-- @column under page directory, if the process is unknown
SELECT e.icount, e.owner.pid, e.owner.comm, 'vector ' || e.vector || CASE WHEN e.vector = 14 THEN ' at ' || hex32(e.cr2) ELSE '' END AS name,
  symbol(e.run_id, e.eip) AS code, e.error_code, e.depth,
  CASE WHEN e.owner.pid IS NULL THEN hex32(frame_of(e.cr3)) END AS under
FROM (SELECT *, owner_at(run_id, cr3, icount) AS owner FROM exceptions) e
ORDER BY e.icount

-- stores
--
-- Memory writes of a process, if they were recorded (detail stores): the first million.
-- @category store
-- @column icount icount of the event
-- @column pid process whose page directory was live
-- @column comm its command name
-- @column name bytes, and the linear address
-- @column code code of the store, function+offset
-- @column physical physical address written
-- @column old value before
-- @column value value written
-- @column depth interrupt frames open, 0 = none
-- @column under page directory, if the process is unknown
SELECT s.icount, s.owner.pid, s.owner.comm, s.size || CASE s.size WHEN 1 THEN ' byte at ' ELSE ' bytes at ' END || hex32(s.linear) AS name,
  symbol(s.run_id, s.eip) AS code, hex32(s.physical) AS physical, hex32(s.old) AS old, hex32(s.new) AS value, s.depth,
  CASE WHEN s.owner.pid IS NULL THEN hex32(frame_of(s.cr3)) END AS under
FROM (SELECT *, owner_at(run_id, cr3, icount) AS owner FROM (FROM stores ORDER BY seq LIMIT 1e6::BIGINT)) s
ORDER BY s.icount, s.seq

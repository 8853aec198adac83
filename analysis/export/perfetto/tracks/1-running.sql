-- running
--
-- The process whose page directory is live.
-- @category process
-- @column icount instructions retired before CR3 was loaded
-- @column end_icount the next load
-- @column name the process
-- @column cr3 its page directory, physical address
SELECT c.icount, coalesce(c.next, end_of_run(c.run_id)) AS end_icount, owner_text(c.run_id, c.new, c.icount) AS name, hex32(c.new) AS cr3
FROM (
  SELECT *, lead(icount) OVER (PARTITION BY run_id ORDER BY seq) AS next FROM control_writes WHERE reg = 'cr3' AND old <> new
) c
WHERE coalesce(c.next, end_of_run(c.run_id)) > c.icount
ORDER BY c.icount

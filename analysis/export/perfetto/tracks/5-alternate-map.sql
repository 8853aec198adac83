-- alternate map
--
-- The owner of the page tables that the alternate slot of a process names.
-- @category aptd
-- @column icount when the slot was set
-- @column end_icount when it was next set
-- @column pid process whose page directory was live
-- @column comm its command name
-- @column name APT of a process
-- @column directory the directory named, physical address
-- @column set_at code that set it
-- @column depth interrupt frames open, 0 = none
-- @column frame_id interrupts.id of the innermost frame, 0 = none
-- @column under page directory, if the process is unknown
-- @column flow the interrupt that set it
SELECT s.icount, coalesce(s.next, end_of_run(s.run_id)) AS end_icount, s.owner.pid, s.owner.comm,
  'APT of ' || owner_text(s.run_id, frame_of(s.new), s.icount) AS name, hex32(frame_of(s.new)) AS directory,
  symbol(s.run_id, s.eip) AS set_at, s.depth, s.frame_id,
  CASE WHEN s.owner.pid IS NULL THEN hex32(frame_of(s.cr3)) END AS under, nullif(s.frame_id, 0) AS flow
FROM (
  SELECT *, lead(icount) OVER (PARTITION BY run_id, cr3 ORDER BY seq) AS next, owner_at(run_id, cr3, icount) AS owner
  FROM aptd_switches WHERE op = 'write'
) s
WHERE is_present(s.new)
ORDER BY s.icount

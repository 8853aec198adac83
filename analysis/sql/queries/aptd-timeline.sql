-- Every switch of the alternate map, in order
--
-- Each row has the page directory, the code and the interrupt depth of the switch, and whose page tables the alternate slot named before
-- and after it.
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before
-- @column process process whose directory was live
-- @column depth interrupt frames open, 0 = none
-- @column interrupt_id interrupts.id of the innermost frame, 0 = none
-- @column code code that wrote the slot
-- @column from_dir directory named before, physical address, 0 = none
-- @column from_owner owner of from_dir
-- @column to_dir directory named after, physical address, 0 = none
-- @column to_owner owner of to_dir
-- @renamed code at
-- @renamed from_owner from
-- @renamed to_owner to
SELECT s.run_id, s.icount, owner_text(s.run_id, s.cr3, s.icount) AS process, s.depth, s.frame_id AS interrupt_id,
  symbol(s.run_id, s.eip) AS code,
  hex32(frame_of(s.old)) AS from_dir, CASE WHEN is_present(s.old) THEN owner_text(s.run_id, frame_of(s.old), s.icount) END AS from_owner,
  hex32(frame_of(s.new)) AS to_dir, CASE WHEN is_present(s.new) THEN owner_text(s.run_id, frame_of(s.new), s.icount) END AS to_owner
FROM aptd_switches s
WHERE s.op = 'write'
ORDER BY s.run_id, s.seq

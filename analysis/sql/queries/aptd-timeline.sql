-- Every switch of the alternate map, in order
--
-- Under whose directory, from which code and depth, and whose page tables the alternate slot named before and after.
-- @column run_id which of the traces given, from 0
-- @column icount instructions retired before
-- @column process under whose directory
-- @column depth interrupt frames open, 0 = none
-- @column interrupt_id interrupts.id of the innermost frame, 0 = none
-- @column code code that wrote the slot
-- @column from_dir directory named before, physical address, 0 = none
-- @column from_owner its process
-- @column to_dir directory named after, physical address, 0 = none
-- @column to_owner its process
-- @renamed code at
-- @renamed from_owner from
-- @renamed to_owner to
SELECT s.run_id, s.icount, process_text(u.pid, u.comm) AS process, s.depth, s.frame_id AS interrupt_id,
  symbol_text(y.name, y.address, s.eip) AS code,
  hex32(s.old & 4294963200) AS from_dir, CASE WHEN s.old & 1 = 1 THEN process_text(f.pid, f.comm) END AS from_owner,
  hex32(s.new & 4294963200) AS to_dir, CASE WHEN s.new & 1 = 1 THEN process_text(t.pid, t.comm) END AS to_owner
FROM aptd_switches s
ASOF LEFT JOIN directory_owners u ON u.run_id = s.run_id AND u.dir = s.cr3 AND u.from_icount <= s.icount
ASOF LEFT JOIN directory_owners f ON f.run_id = s.run_id AND f.dir = s.old & 4294963200 AND f.from_icount <= s.icount
ASOF LEFT JOIN directory_owners t ON t.run_id = s.run_id AND t.dir = s.new & 4294963200 AND t.from_icount <= s.icount
ASOF LEFT JOIN symbols y ON y.run_id = s.run_id AND y.address <= s.eip
WHERE s.op = 'write'
ORDER BY s.run_id, s.seq

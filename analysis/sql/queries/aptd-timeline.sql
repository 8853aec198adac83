-- Every switch of the alternate map, in order
--
-- Under whose directory, from which code and depth, and whose page tables the alternate slot named before and after.
SELECT s.run_id, s.icount, process_text(u.pid, u.comm) AS process, s.depth, s.frame_id AS interrupt_id,
  symbol_text(y.name, y.address, s.eip) AS "at",
  hex32(s.old & 4294963200) AS from_dir, CASE WHEN s.old & 1 = 1 THEN process_text(f.pid, f.comm) END AS "from",
  hex32(s.new & 4294963200) AS to_dir, CASE WHEN s.new & 1 = 1 THEN process_text(t.pid, t.comm) END AS "to"
FROM aptd_switches s
ASOF LEFT JOIN directory_owners u ON u.run_id = s.run_id AND u.dir = s.cr3 AND u.from_icount <= s.icount
ASOF LEFT JOIN directory_owners f ON f.run_id = s.run_id AND f.dir = s.old & 4294963200 AND f.from_icount <= s.icount
ASOF LEFT JOIN directory_owners t ON t.run_id = s.run_id AND t.dir = s.new & 4294963200 AND t.from_icount <= s.icount
ASOF LEFT JOIN symbols y ON y.run_id = s.run_id AND y.address <= s.eip
WHERE s.op = 'write'
ORDER BY s.run_id, s.seq

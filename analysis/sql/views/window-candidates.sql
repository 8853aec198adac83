-- Windows that a profile might declare: mappings and registers that an interrupt changed under kernel code that had set them
--
-- Either kernel code set a supervisor PTE or PDE, and after an interrupt (whichever code ran in it) the entry led to another frame. Or an
-- interrupt left CR3 or CR4 changed, and the interrupted code then set it back. Uses in between are recorded only for declared windows;
-- `replay --window` records them, and `check` does so by itself.
-- @kept
-- @column run_id index of the trace among those given, from 0
-- @column kind pages (one page, by its PTE), slot (4 MB, by its PDE), cr3 or cr4
-- @column linear linear address of the first page; 0 for a control register
-- @column entry physical address of the PTE or PDE; 0 for a control register
-- @column incidents number of times that an interrupt left it changed
-- @column first_icount icount at which it was set before the first incident
-- @column last_icount icount at which it was set again after the last incident; the end of the run if it was not
WITH sets AS (
  SELECT run_id, seq, icount, frame_id, level, vpn, physical, new,
    lag(seq) OVER entries AS own_seq, lag(icount) OVER entries AS own_icount, lag(frame_id) OVER entries AS own_frame_id,
    lag(cr3) OVER entries AS own_cr3, lag(new) OVER entries AS own_new
  FROM paging_writes WHERE source = 'store' AND cpl < 3
  WINDOW entries AS (PARTITION BY run_id, physical ORDER BY seq)
),
spans AS (
  SELECT run_id, id, parent, cr3, seq, icount, iret_seq FROM interrupts WHERE interrupted_cpl < 3 AND iret_seq IS NOT NULL
),
changed AS (
  SELECT DISTINCT s.run_id, s.level, s.physical, s.vpn, s.own_icount, s.own_new, i.iret_seq
  FROM sets s
  ASOF JOIN spans i ON i.run_id = s.run_id AND i.parent = s.own_frame_id AND i.cr3 = s.own_cr3 AND i.seq <= s.seq
  WHERE s.frame_id <> s.own_frame_id AND is_kernels(s.own_new) AND i.seq > s.own_seq AND i.iret_seq > s.seq
),
changes AS (
  SELECT s.run_id, s.physical, s.seq, s.icount, s.new FROM sets s SEMI JOIN changed c ON c.run_id = s.run_id AND c.physical = s.physical
),
left_changed AS (
  SELECT c.*, n.icount AS next_icount
  FROM changed c
  ASOF JOIN changes s ON s.run_id = c.run_id AND s.physical = c.physical AND s.seq <= c.iret_seq
  ASOF LEFT JOIN changes n ON n.run_id = c.run_id AND n.physical = c.physical AND n.seq > c.iret_seq
  WHERE is_kernels(s.new) AND frame_of(s.new) <> frame_of(c.own_new)
),
entries AS (
  SELECT run_id, CASE level WHEN 'pde' THEN 'slot' ELSE 'pages' END AS kind, address_of(vpn::UBIGINT)::UINTEGER AS linear,
    physical AS entry, own_icount AS set_icount, next_icount
  FROM left_changed
),
loaded AS (SELECT run_id, reg::VARCHAR AS kind, seq, old, new FROM control_writes WHERE reg IN ('cr3', 'cr4')),
loads AS (
  SELECT i.run_id, i.kind, i.parent, i.icount, i.iret_seq, first.old, last.new
  FROM (SELECT *, unnest(['cr3', 'cr4']) AS kind FROM spans) i
  ASOF JOIN loaded first ON first.run_id = i.run_id AND first.kind = i.kind AND first.seq > i.seq
  ASOF JOIN loaded last ON last.run_id = i.run_id AND last.kind = i.kind AND last.seq < i.iret_seq
  WHERE first.seq < i.iret_seq
),
registers AS (
  SELECT l.run_id, l.kind, 0::UINTEGER AS linear, 0::UINTEGER AS entry, l.icount AS set_icount, n.icount AS next_icount
  FROM loads l
  ASOF JOIN (SELECT *, reg::VARCHAR AS kind FROM control_writes) n
    ON n.run_id = l.run_id AND n.frame_id = l.parent AND n.kind = l.kind AND n.seq > l.iret_seq
  WHERE l.old <> l.new AND CASE l.kind WHEN 'cr4' THEN xor(n.new, l.new) & xor(l.old, l.new) <> 0 ELSE n.new = l.old END
),
declared AS (SELECT run_id, kind::VARCHAR AS kind, linear::UBIGINT AS linear, linear::UBIGINT + address_of(pages::UBIGINT) AS beyond FROM windows)
SELECT c.run_id, c.kind, c.linear, c.entry, count(*) AS incidents, min(c.set_icount) AS first_icount,
  max(coalesce(c.next_icount, run.instructions)) AS last_icount
FROM (FROM entries UNION ALL FROM registers) c JOIN run ON run.run_id = c.run_id
WHERE NOT EXISTS (
  SELECT 1 FROM declared d
  WHERE d.run_id = c.run_id AND (d.kind = c.kind AND c.entry = 0 OR c.entry <> 0 AND c.linear >= d.linear AND c.linear < d.beyond))
GROUP BY c.run_id, c.kind, c.linear, c.entry
ORDER BY c.run_id, incidents DESC, c.kind, c.linear

-- Interrupt at an exception's vector
--
-- With paging enabled, a hardware interrupt was delivered at a vector below 32. The processor reserves these vectors for exceptions, so the
-- handler cannot tell the two apart. A BIOS leaves the first 8259 at vectors 8 to 15, and a protected-mode kernel has to move it (80386
-- Programmer's Reference, 9.1). Monitors for virtual-8086 mode leave it there on purpose, so this is a warning. Source: the recorded
-- interrupts.
-- @class irq-vector
-- @severity warning
WITH delivered AS (
  SELECT i.run_id, i.icount, i.seq, i.irq, i.vector, i.eip, i.cr3, w.new AS cr0
  FROM interrupts i
  ASOF JOIN (SELECT * FROM control_writes WHERE reg = 'cr0') w ON w.run_id = i.run_id AND w.seq <= i.seq
  WHERE i.irq IS NOT NULL AND i.vector < 32
),
grouped AS (
  SELECT run_id, irq, vector, min(icount) AS icount, arg_min(eip, seq) AS eip, arg_min(cr3, seq) AS cr3, count(*) AS times
  FROM delivered WHERE is_paging(cr0) GROUP BY run_id, irq, vector
)
SELECT g.run_id, g.icount AS from_icount, g.icount, owner_text(g.run_id, g.cr3, g.icount) AS process,
  symbol(g.run_id, g.eip) AS code,
  'IRQ ' || g.irq || ' is delivered at vector ' || g.vector || ', which exceptions have too: '
  || CASE g.times WHEN 1 THEN 'once' ELSE g.times || ' times' END || ', the first in ' || symbol(g.run_id, g.eip) AS summary,
  'interrupt-nesting' AS query, g.times AS uses, 0::BIGINT AS stores
FROM grouped g

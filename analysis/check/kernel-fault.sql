-- Kernel fault
--
-- The last fault in kernel code, when nothing but the end of the machine came after it: it panicked, shut down, halted or
-- ended with a bad exit code within 2 million instructions, and no user code was seen in between. Of a page fault, who wrote
-- the entry last whose absence faulted. From the exceptions and page-table writes recorded.
-- @class kernel-fault
-- @severity error
SELECT f.run_id, coalesce(w.write_icount, f.icount) AS from_icount, f.icount, process_text(o.pid, o.comm) AS process,
  symbol_text(s.name, s.address, f.eip) AS code,
  f.text || '; in ' || symbol_text(s.name, s.address, f.eip)
  || CASE WHEN w.write_icount IS NULL THEN '' ELSE
    '; its ' || upper(w.level) || ' was last written at icount ' || w.write_icount || ' by ' || symbol_text(ws.name, ws.address, w.eip)
    || ' from ' || pte_text(w.old) || ' to ' || pte_text(w.new) END AS summary,
  CASE WHEN f.address IS NOT NULL THEN 'pte-history 0x' || hex32(f.address) END AS query
FROM failures f
LEFT JOIN (
  SELECT * FROM death_writes WHERE kind = 'kernel_fault' AND is_live
  QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY new & 1, write_seq DESC) = 1
) w ON w.run_id = f.run_id AND (w.new & 1 = 0 OR f.error_code & 1 = 1)
ASOF LEFT JOIN directory_owners o ON o.run_id = f.run_id AND o.dir = f.cr3 AND o.from_icount <= f.icount
ASOF LEFT JOIN symbols s ON s.run_id = f.run_id AND s.address <= f.eip
ASOF LEFT JOIN symbols ws ON ws.run_id = f.run_id AND ws.address <= w.eip
WHERE f.kind = 'kernel_fault'

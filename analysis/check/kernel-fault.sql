-- Kernel fault
--
-- The last fault in kernel code, when nothing shows that the kernel came back from it: no user code was seen to run, and the page
-- was not mapped, before the words of a panic (up to 2 million instructions later), a halt for ever (100,000), a bad exit code
-- (1,000) or, at the same instruction, a shutdown. Of a page fault, who wrote the entry last whose absence faulted. From the
-- exceptions, interrupts and page-table writes recorded.
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

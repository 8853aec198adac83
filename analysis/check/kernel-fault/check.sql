-- Kernel fault
--
-- The last fault in kernel code, if nothing shows that the kernel recovered from it: neither did user code run, nor was the page mapped,
-- before the words of a panic (up to 2 million instructions later), a final halt (100,000), a bad exit code (1,000) or, at the same
-- instruction, a shutdown. For a page fault, the summary names the last writer of the entry whose absence caused it. Source: the recorded
-- exceptions, interrupts and page-table writes.
-- @class kernel-fault
-- @severity error
SELECT f.run_id, coalesce(w.write_icount, f.icount) AS from_icount, f.icount, owner_text(f.run_id, f.cr3, f.icount) AS process,
  symbol(f.run_id, f.eip) AS code,
  f.text || '; in ' || symbol(f.run_id, f.eip)
  || CASE WHEN w.write_icount IS NULL THEN '' ELSE
    '; its ' || upper(w.level) || ' was last written at icount ' || w.write_icount || ' by ' || symbol(f.run_id, w.eip)
    || ' from ' || pte_text(w.old) || ' to ' || pte_text(w.new) END AS summary,
  CASE WHEN f.address IS NOT NULL THEN 'pte-history 0x' || hex32(f.address) END AS query, 1::BIGINT AS uses, 0::BIGINT AS stores
FROM failures f
LEFT JOIN (
  SELECT * FROM death_writes WHERE kind = 'kernel_fault' AND is_live
  QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY is_present(new), write_seq DESC) = 1
) w ON w.run_id = f.run_id AND (NOT is_present(w.new) OR was_present(f.error_code))
WHERE f.kind = 'kernel_fault'

-- Stale translation used
--
-- An access hit a TLB entry that differs from what the page tables say: an entry was changed or cleared, and no flush
-- followed.
-- @class 10
-- @severity error
SELECT t.run_id, t.icount AS from_icount, t.icount, process_text(o.pid, o.comm) AS process,
  symbol_text(s.name, s.address, t.eip) AS "at",
  symbol_text(s.name, s.address, t.eip) || ' (' || t.access || ' of ' || hex32(t.linear) || ') used ' || pte_text(t.used)
  || ' from the TLB; the page tables say ' || pte_text(t.fresh) AS summary,
  'pte-history 0x' || hex32(t.linear) AS query
FROM tlb_events t
ASOF LEFT JOIN directory_owners o ON o.run_id = t.run_id AND o.dir = t.cr3 AND o.from_icount <= t.icount
ASOF LEFT JOIN symbols s ON s.run_id = t.run_id AND s.address <= t.eip
WHERE t.op = 'stale_use'

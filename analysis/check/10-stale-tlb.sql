-- Stale translation used
--
-- An access hit a TLB entry that differs from what the page tables say, and it mattered: the entry led to another frame, or
-- the access is no longer allowed, or a write did not set the dirty bit again. A kernel may leave entries stale in other ways
-- (Linux does, when it joins pages to large ones); `tlb_events` has those too.
-- @class 10
-- @severity error
SELECT t.run_id, t.icount AS from_icount, t.icount, process_text(o.pid, o.comm) AS process,
  symbol_text(s.name, s.address, t.eip) AS code,
  symbol_text(s.name, s.address, t.eip) || ' (' || t.access || ' of ' || hex32(t.linear) || ') used ' || pte_text(t.used)
  || ' from the TLB; the page tables say ' || pte_text(t.fresh) AS summary,
  'pte-history 0x' || hex32(t.linear) AS query
FROM tlb_events t
ASOF LEFT JOIN directory_owners o ON o.run_id = t.run_id AND o.dir = t.cr3 AND o.from_icount <= t.icount
ASOF LEFT JOIN symbols s ON s.run_id = t.run_id AND s.address <= t.eip
WHERE t.op = 'stale_use' AND (
  t.fresh & 1 = 0 OR frame_at(t.used, t.linear) <> frame_at(t.fresh, t.linear)
  OR (t.access = 'write' AND t.fresh & 2 = 0) OR (t.cpl = 3 AND t.fresh & 4 = 0)
  OR (t.access = 'write' AND t.used & 128 = t.fresh & 128 AND t.used & 64 > t.fresh & 64))

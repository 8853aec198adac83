-- Stale translation used
--
-- An access hit a TLB entry that differs from what the page tables say, and it mattered: the entry led to another frame, or
-- the access is no longer allowed, or a write did not set the dirty bit again. A kernel may leave entries stale in other ways
-- (Linux does, when it joins pages to large ones); `tlb_events` has those too.
-- @class 10
-- @severity error
SELECT t.run_id, t.icount AS from_icount, t.icount, owner_text(t.run_id, t.cr3, t.icount) AS process,
  symbol(t.run_id, t.eip) AS code,
  symbol(t.run_id, t.eip) || ' (' || t.access || ' of ' || hex32(t.linear) || ') used ' || pte_text(t.used)
  || ' from the TLB; the page tables say ' || pte_text(t.fresh) AS summary,
  'pte-history 0x' || hex32(t.linear) AS query
FROM tlb_events t
WHERE t.op = 'stale_use' AND (
  NOT is_present(t.fresh) OR frame_at(t.used, t.linear) <> frame_at(t.fresh, t.linear)
  OR (t.access = 'write' AND NOT is_writable(t.fresh)) OR (t.cpl = 3 AND NOT is_user(t.fresh))
  OR (t.access = 'write' AND is_large(t.used) = is_large(t.fresh) AND is_dirty(t.used) AND NOT is_dirty(t.fresh)))

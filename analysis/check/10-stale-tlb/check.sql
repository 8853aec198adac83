-- Stale translation used
--
-- Accesses hit TLB entries that differ from the page tables, and the difference mattered: the entry led to another frame, the access is no
-- longer allowed, or a write did not set the dirty bit again. One row per place in the code that changed entries without a flush.
-- Other stale entries are harmless (Linux leaves some when it joins small pages into a large one); `tlb_events` has those too.
-- @class 10
-- @severity error
-- @revision 2
SELECT run_id, coalesce(cause_icount, icount) AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  coalesce(code_at(run_id, cause_eip) || ' changed the PTE of ' || hex32(linear) || ' at icount ' || cause_icount || ' without a flush' || again_text(changes) || '; ', '')
  || symbol(run_id, eip) || ' (' || access || ' of ' || hex32(linear) || ') used ' || pte_text(used) || ' from the TLB; the page tables say '
  || pte_text(fresh) || ': '
  || uses_text(uses, stores) AS summary,
  'pte-history 0x' || hex32(linear) AS query, uses, stores
FROM stale_incidents WHERE class = '10'

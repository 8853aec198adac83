-- Flush before the change
--
-- Code executed INVLPG, something filled the TLB again, and then the PTE was changed with no later flush. One row per place in the code
-- that did so.
-- @class 11
-- @severity error
SELECT run_id, coalesce(cause_icount, icount) AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  coalesce(code_at(run_id, cause_eip) || ' changed the PTE of ' || hex32(linear) || ' at icount ' || cause_icount || ' after its INVLPG, with no flush after the change' || again_text(changes) || '; ', '')
  || symbol(run_id, eip) || ' (' || access || ' of ' || hex32(linear) || ') used ' || pte_text(used) || ' from the TLB; the page tables say '
  || pte_text(fresh) || ': '
  || uses_text(uses, stores) AS summary,
  'pte-history 0x' || hex32(linear) AS query, uses, stores
FROM stale_incidents WHERE class = '11'

-- Flush before the change
--
-- Code executed INVLPG, something filled the TLB again, and then the PTE was changed with no later flush. One row per place in the code
-- that did so.
-- @class 11
-- @severity error
WITH incidents AS (
  SELECT run_id, cause_eip, min(cause_icount) AS cause_icount, min(icount) AS icount, arg_min(eip, seq) AS eip, arg_min(cr3, seq) AS cr3,
    arg_min(linear, seq) AS linear, arg_min(access, seq) AS access, arg_min(used, seq) AS used, arg_min(fresh, seq) AS fresh,
    arg_min(cause_old, seq) AS cause_old, arg_min(cause_new, seq) AS cause_new, count(DISTINCT cause_seq) AS changes,
    count(*) AS uses, count(*) FILTER (access = 'write') AS stores
  FROM stale_uses WHERE class = '11' GROUP BY run_id, cause_eip
)
SELECT run_id, coalesce(cause_icount, icount) AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  coalesce(code_at(run_id, cause_eip) || ' changed the PTE of ' || hex32(linear) || ' at icount ' || cause_icount || ' after its INVLPG, with no flush after the change' || again_text(changes) || '; ', '')
  || symbol(run_id, eip) || ' (' || access || ' of ' || hex32(linear) || ') used ' || pte_text(used) || ' from the TLB; the page tables say '
  || pte_text(fresh) || ': '
  || uses_text(uses, stores) AS summary,
  'pte-history 0x' || hex32(linear) AS query, uses, stores
FROM incidents

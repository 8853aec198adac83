-- Dirty and accessed bits lost
--
-- One store cleared both the accessed and the dirty bit of a PTE and changed nothing else. Code that reads the entry before the processor
-- sets the bits, and then writes back the value it read, does this. Reads of PTEs are not recorded, so the store may be intended: a warning.
-- @class 14
-- @severity warning
WITH lost AS (
  SELECT * FROM paging_writes
  WHERE level = 'pte' AND source = 'store' AND is_present(old) AND is_dirty(old) AND is_accessed(old)
    AND NOT is_dirty(new) AND NOT is_accessed(new) AND old = (new | accessed_and_dirty())
),
incidents AS (
  SELECT run_id, eip, min(icount) AS icount, arg_min(cr3, seq) AS cr3, arg_min(vpn, seq) AS vpn, arg_min(dir, seq) AS dir,
    arg_min(old, seq) AS old, arg_min(new, seq) AS new, count(*) AS uses
  FROM lost GROUP BY run_id, eip
)
SELECT run_id, icount AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  symbol(run_id, eip) || ' stored ' || pte_text(new) || ' over ' || pte_text(old) || ' for ' || hex32(address_of(vpn)) || ' of ' || owner_text(run_id, dir, icount)
  || again_text(uses) AS summary,
  'pte-history 0x' || hex32(address_of(vpn)) AS query, uses, uses AS stores
FROM incidents

-- Every page fault, with the entries behind its address and who wrote them last
--
-- The PDE and the PTE of CR2 in the directory in force, as the fault found them: a PTE is NULL where the PDE names no table, and
-- both are NULL where nothing was ever written. `code` is what faulted; `writer` wrote the PTE last, or the PDE where there is no PTE.
-- @column run_id which of the traces given, from 0
-- @column icount instructions retired before
-- @column process whose page directory was live
-- @column depth interrupt frames open, 0 = none
-- @column code code that faulted
-- @column address CR2, the linear address
-- @column access read or write, by kernel or user, and whether the page was present
-- @column pde frame and bits of the PDE
-- @column pte frame and bits of the PTE
-- @column write_icount icount at which the PTE (or the PDE) was last written
-- @column writer code that wrote it
WITH faults AS (
  SELECT run_id, icount, seq, eip, depth, cr3, cr2, error_code,
    pde_address(cr3, cr2) AS pde_at
  FROM exceptions WHERE vector = 14
),
with_pde AS (
  SELECT f.*, w.new AS pde, w.icount AS pde_icount, w.eip AS pde_eip
  FROM faults f ASOF LEFT JOIN paging_writes w ON w.run_id = f.run_id AND w.physical = f.pde_at AND w.seq <= f.seq
),
with_pte AS (
  SELECT f.*, w.new AS pte, coalesce(w.icount, f.pde_icount) AS write_icount, coalesce(w.eip, f.pde_eip) AS writer
  FROM with_pde f ASOF LEFT JOIN paging_writes w
    ON w.run_id = f.run_id AND w.physical = pte_address(f.pde, f.cr2) AND w.seq <= f.seq
)
SELECT f.run_id, f.icount, owner_text(f.run_id, frame_of(f.cr3), f.icount) AS process, f.depth, symbol(f.run_id, f.eip) AS code,
  hex32(f.cr2) AS address,
  CASE WHEN was_write(f.error_code) THEN 'write' ELSE 'read' END || CASE WHEN was_user(f.error_code) THEN ', user' ELSE ', kernel' END
    || CASE WHEN was_present(f.error_code) THEN ', not allowed' ELSE ', not present' END AS access,
  pte_text(f.pde) AS pde, pte_text(f.pte) AS pte, f.write_icount, symbol(f.run_id, f.writer) AS writer
FROM with_pte f
ORDER BY f.run_id, f.seq

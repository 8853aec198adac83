-- Every page fault, with the PDE and PTE of its address and their last writers
--
-- `pde` and `pte` are the entries for CR2 in the live directory at the time of the fault. `pte` is NULL if the PDE names no page table; both
-- are NULL if they were never written. `code` is the code that faulted. `writer` is the last writer of the PTE or, if there is none, of the
-- PDE.
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before
-- @column process process whose page directory was live
-- @column depth interrupt frames open, 0 = none
-- @column code code that faulted
-- @column address CR2, the linear address
-- @column access read or write, by kernel or user, to a present or an absent page
-- @column pde frame and bits of the PDE
-- @column pte frame and bits of the PTE
-- @column write_icount icount of the last write of the PTE (or the PDE)
-- @column writer code of that write
WITH faults AS (
  SELECT run_id, icount, seq, eip, depth, cr3, cr2, error_code,
    pde_address(cr3, cr2) AS pde_at
  FROM exceptions WHERE vector = 14
),
with_pde AS (
  SELECT f.*, w.new AS pde, w.icount AS pde_icount, w.eip AS pde_eip,
    pte_address(w.new, f.cr2) AS pte_at
  FROM faults f
  ASOF LEFT JOIN (SELECT * FROM paging_writes WHERE physical IN (SELECT pde_at FROM faults)) w
    ON w.run_id = f.run_id AND w.physical = f.pde_at AND w.seq <= f.seq
),
with_pte AS (
  SELECT f.*, w.new AS pte, coalesce(w.icount, f.pde_icount) AS write_icount, coalesce(w.eip, f.pde_eip) AS writer
  FROM with_pde f
  ASOF LEFT JOIN (SELECT * FROM paging_writes WHERE physical IN (SELECT pte_at FROM with_pde)) w
    ON w.run_id = f.run_id AND w.physical = f.pte_at AND w.seq <= f.seq
)
SELECT f.run_id, f.icount, owner_text(f.run_id, frame_of(f.cr3), f.icount) AS process, f.depth, symbol(f.run_id, f.eip) AS code,
  hex32(f.cr2) AS address,
  CASE WHEN was_write(f.error_code) THEN 'write' ELSE 'read' END || CASE WHEN was_user(f.error_code) THEN ', user' ELSE ', kernel' END
    || CASE WHEN was_present(f.error_code) THEN ', not allowed' ELSE ', not present' END AS access,
  pte_text(f.pde) AS pde, pte_text(f.pte) AS pte, f.write_icount, symbol(f.run_id, f.writer) AS writer
FROM with_pte f
ORDER BY f.run_id, f.seq

-- Interrupt hijack: an interrupt switched the alternate map under a process that was using it
--
-- One row per hijack. The base context (process, depth) set the alternate slot to the page tables of `intended_owner` at set_icount.
-- The handler of interrupt_id set the slot to the page tables of `foreign_owner` at switch_icount (code: switch_at) and returned at
-- iret_icount. From first_access_icount until repaired_icount (NULL: never), the base context used the window without checking the slot
-- again. The verdict is `corruption` if it stored into the wrong page tables, and `wrong read` if it only read.
-- `accesses` lists each access: icount, R or W, address in the window, value.
-- @column run_id index of the trace among those given, from 0
-- @column verdict corruption or wrong read
-- @column process process whose kernel code was hijacked
-- @column cr3 page directory of that process, physical address
-- @column depth interrupt frames open in the hijacked code, 0 = none
-- @column set_icount icount at which that code set or checked the slot
-- @column intended_dir intended directory, physical address
-- @column intended_owner owner of that directory
-- @column interrupt_id interrupts.id of the interrupt
-- @column interrupt IRQ or INT and its number, or SYSENTER
-- @column handler function entered
-- @column interrupt_icount icount of its delivery
-- @column interrupted_at interrupted code
-- @column switch_icount icount at which the handler changed the slot
-- @column switch_at code that changed it
-- @column foreign_dir directory left in the slot, physical address
-- @column foreign_owner owner of that directory
-- @column iret_icount icount at which the interrupt returned
-- @column first_access_icount icount at which the hijacked code first used the window again
-- @column access_at code of that access
-- @column access_instruction instruction of that access
-- @column reads wrong reads until the repair
-- @column writes wrong stores until the repair
-- @column accesses each access: icount, R or W, linear address in the window = value
-- @column repaired_icount icount at which that context next set or checked the slot; NULL: never
-- @renamed intended_owner intended
-- @renamed foreign_owner foreign
WITH hijacks AS (
  SELECT run_id, cr3, depth, frame_id, own_seq, own_icount, own_dir, last_seq, last_icount, last_eip, last_dir, interrupt_id,
    min(seq) AS first_seq, min(icount) AS first_access_icount, arg_min(eip, seq) AS access_eip,
    count(*) FILTER (access = 'read') AS reads, count(*) FILTER (access = 'write') AS writes,
    string_agg(icount || CASE access WHEN 'write' THEN ' W ' ELSE ' R ' END || hex32(linear) || '=' || hex32(value), ', ' ORDER BY seq) AS accesses
  FROM wrong_accesses
  GROUP BY ALL
),
repairs AS (
  SELECT h.run_id, h.first_seq, min(a.icount) AS repaired_icount
  FROM hijacks h JOIN alternate_slot a
    ON a.run_id = h.run_id AND a.cr3 = h.cr3 AND a.frame_id = h.frame_id AND NOT a.is_access AND a.own_seq = h.own_seq
  GROUP BY ALL
)
SELECT h.run_id,
  CASE WHEN h.writes > 0 THEN 'corruption' ELSE 'wrong read' END AS verdict,
  owner_text(h.run_id, h.cr3, h.first_access_icount) AS process, hex32(h.cr3) AS cr3, h.depth,
  h.own_icount AS set_icount,
  hex32(h.own_dir) AS intended_dir, owner_text(h.run_id, h.own_dir, h.first_access_icount) AS intended_owner,
  h.interrupt_id,
  interrupt_text(i.irq, i.vector, i.source) AS interrupt,
  symbol(h.run_id, i.handler) AS handler,
  i.icount AS interrupt_icount, symbol(h.run_id, i.eip) AS interrupted_at,
  h.last_icount AS switch_icount, symbol(h.run_id, h.last_eip) AS switch_at,
  hex32(h.last_dir) AS foreign_dir, owner_text(h.run_id, h.last_dir, h.first_access_icount) AS foreign_owner,
  i.iret_icount,
  h.first_access_icount, symbol(h.run_id, h.access_eip) AS access_at,
  instruction(h.run_id, h.access_eip) AS access_instruction,
  h.reads, h.writes, h.accesses, r.repaired_icount
FROM hijacks h
JOIN interrupts i ON i.run_id = h.run_id AND i.id = h.interrupt_id
LEFT JOIN repairs r ON r.run_id = h.run_id AND r.first_seq = h.first_seq
ORDER BY h.run_id, h.first_seq

-- Latent hijack: a handler returned with the alternate slot changed
--
-- One row per interrupt that arrived after its base context had set or checked the alternate slot, and that left another directory in the
-- slot. This does no harm unless the base context continues to use the window without checking the slot: then `used` is true, and
-- foreign-pmap has the details. Only kernel code that was still using the slot counts. A return to user mode, a stack switch or a load of
-- another CR3 ends that use, and a system call interrupts nothing.
-- @column run_id index of the trace among those given, from 0
-- @column process process whose kernel code was interrupted
-- @column cr3 page directory of that process, physical address
-- @column set_icount icount at which that code set or checked the slot
-- @column set_dir directory that it set, physical address
-- @column set_owner owner of that directory
-- @column interrupt_id interrupts.id of the interrupt
-- @column interrupt IRQ or INT and its number, or SYSENTER
-- @column interrupt_icount icount of its delivery
-- @column switch_icount icount at which the handler last changed the slot
-- @column switch_at code that changed it
-- @column foreign_dir directory left in the slot, physical address
-- @column foreign_owner owner of that directory
-- @column iret_icount icount at which the interrupt returned
-- @column used true if the interrupted code then used the window without checking the slot; foreign-pmap has the details
-- @renamed set_owner set
-- @renamed foreign_owner foreign
WITH left_changed AS (
  SELECT h.run_id, h.ancestor AS interrupt_id, h.base_frame_id, h.seq, h.iret_seq, h.thread, arg_max(s.cr3, s.seq) AS cr3,
    max(s.seq) AS switch_seq, arg_max(s.icount, s.seq) AS switch_icount, arg_max(s.eip, s.seq) AS switch_eip,
    arg_max(present_frame(s.new), s.seq) AS foreign_dir
  FROM slot_writers h
  JOIN aptd_switches s ON s.run_id = h.run_id AND s.frame_id = h.id AND s.op = 'write'
  WHERE h.iret_seq IS NOT NULL
  GROUP BY h.run_id, h.ancestor, h.base_frame_id, h.seq, h.iret_seq, h.thread
),
found AS (
  SELECT l.*, own.seq AS set_seq, own.icount AS set_icount, own.dir AS set_dir
  FROM left_changed l
  ASOF JOIN (FROM alternate_slot WHERE NOT is_access) own
    ON own.run_id = l.run_id AND own.cr3 = l.cr3 AND own.frame_id = l.base_frame_id AND own.thread = l.thread AND own.seq <= l.seq
),
still_at_it AS (
  SELECT f.*, i.icount AS interrupt_icount, i.iret_icount,
    interrupt_text(i.irq, i.vector, i.source) AS interrupt
  FROM found f
  JOIN interrupts i ON i.run_id = f.run_id AND i.id = f.interrupt_id
  ASOF LEFT JOIN stack_switches w ON w.run_id = f.run_id AND w.cr3 = f.cr3 AND w.seq <= f.seq
  ASOF LEFT JOIN (FROM control_writes WHERE reg = 'cr3' AND old <> new) c
    ON c.run_id = f.run_id AND c.old = f.cr3 AND c.seq <= f.seq
  WHERE i.interrupted_cpl < 3 AND f.foreign_dir <> f.set_dir AND f.set_dir <> 0 AND coalesce(w.seq, 0) <= f.set_seq
    AND coalesce(c.seq, 0) <= f.set_seq
)
SELECT f.run_id, owner_text(f.run_id, f.cr3, f.switch_icount) AS process, hex32(f.cr3) AS cr3, f.set_icount, hex32(f.set_dir) AS set_dir,
  owner_text(f.run_id, f.set_dir, f.switch_icount) AS set_owner, f.interrupt_id,
  f.interrupt, f.interrupt_icount, f.switch_icount, symbol(f.run_id, f.switch_eip) AS switch_at,
  hex32(f.foreign_dir) AS foreign_dir, owner_text(f.run_id, f.foreign_dir, f.switch_icount) AS foreign_owner, f.iret_icount,
  u.interrupt_id IS NOT NULL AS used
FROM still_at_it f
LEFT JOIN (SELECT DISTINCT run_id, interrupt_id FROM wrong_accesses) u ON u.run_id = f.run_id AND u.interrupt_id = f.interrupt_id
ORDER BY f.run_id, f.seq

-- Accesses through an alternate map that an interrupt handler had switched (class 1)
--
-- A context set the alternate slot to own_dir, or checked that the slot names it. A handler that interrupted the context set the slot to
-- another directory and returned. The context then made this access through the window without checking again.
-- Masked stubs call nothing, so they never appear. Handlers that restore the slot do not appear either, because the last write
-- before the access decides.
-- @kept
-- @column run_id index of the trace among those given, from 0
-- @column seq position among all events of the run
-- @column icount instructions retired before
-- @column eip EIP of the accessing instruction
-- @column cpl current privilege level, 0-3
-- @column depth interrupt frames open, 0 = none
-- @column frame_id id of the innermost open interrupt frame, 0 = none
-- @column thread number of the kernel stack, 0 before the first switch of stacks
-- @column cr3 physical address of the page directory, bytes
-- @column process owner of that page directory, comm[pid]
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column dir physical address of the directory that the slot names
-- @column linear linear address in the window
-- @column used physical address of the directory under which the translation was filled
-- @column value value read or written
-- @column own_seq seq of the context's own last write or check of the slot
-- @column last_seq seq of the last write of the slot by anyone
-- @column own_dir directory the context meant, physical address
-- @column own_icount icount of own_seq
-- @column own_what write or check
-- @column last_dir directory the handler left, physical address
-- @column last_icount icount of the handler's write
-- @column last_eip EIP of the handler's write
-- @column last_depth depth of the handler's write
-- @column last_frame_id frame_id of the handler's write
-- @column last_thread thread of the handler's write
-- @column access read or write
-- @column interrupt_id interrupts.id of the interrupt that came between
SELECT a.* EXCLUDE (is_access, what), a.what AS access, h.ancestor AS interrupt_id
FROM alternate_slot a
JOIN slot_writers h
  ON h.run_id = a.run_id AND h.id = a.last_frame_id AND h.base_frame_id = a.frame_id AND h.thread = a.thread
  AND h.seq > a.own_seq AND h.iret_seq < a.seq
WHERE a.is_access AND a.last_seq > a.own_seq AND a.last_dir <> a.own_dir AND a.used <> a.own_dir

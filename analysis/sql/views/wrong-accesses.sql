-- Accesses through an alternate map that an interrupt handler had switched (class 1)
--
-- A context set the alternate slot to own_dir, or checked that it names it. A handler that interrupted it set the slot to
-- another directory, and returned. The context then used the window as if nothing had happened: this access.
-- Masked stubs call nothing, so they never appear; handlers that put the slot back are silent, because the last write
-- before the access decides.
SELECT a.* EXCLUDE (is_access, what), a.what AS access, h.ancestor AS interrupt_id
FROM alternate_slot a
JOIN slot_writers h
  ON h.run_id = a.run_id AND h.id = a.last_frame_id AND h.base_frame_id = a.frame_id
  AND h.seq > a.own_seq AND h.iret_seq < a.seq
WHERE a.is_access AND a.last_seq > a.own_seq AND a.last_dir <> a.own_dir AND a.used <> a.own_dir

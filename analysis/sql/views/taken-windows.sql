-- Uses of a window that somebody else had changed since its user last set or checked it
--
-- For windows that map memory, a use is an access that reaches a frame other than the intended one. For CR3, CR4 and words, it is a write
-- that restores what its writer had read before the change: bits of CR4 that the other had changed, or all of CR3 or a word. The change
-- happened inside an interrupt that has returned (interrupt_id) or, without one, after a switch of stacks: in another thread.
-- The alternate map is not included; see wrong_accesses.
-- @kept
-- @column run_id index of the trace among those given, from 0
-- @column seq position among all events of the run
-- @column icount instructions retired before
-- @column eip EIP of the use
-- @column cpl current privilege level, 0-3
-- @column depth interrupt frames open, 0 = none
-- @column frame_id id of the innermost open interrupt frame, 0 = none
-- @column cr3 physical address of the page directory, bytes
-- @column process owner of that page directory, comm[pid]
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column window_id number of the window (windows.window_id)
-- @column entry physical address of the entry or word; 0 for a control register
-- @column page linear address that the entry maps; for a word, its own address; for a control register, 0
-- @column access read or write
-- @column is_access true for an access through the window, false for a write that restores
-- @column linear linear address accessed; NULL except for an access
-- @column used value of the entry when the translation was filled; NULL except for an access
-- @column value value read or written; for a register or word, the value written
-- @column own_seq seq of the user's own last write or check
-- @column own_icount its icount
-- @column own_eip its EIP
-- @column own_new the entry that the user intended
-- @column last_seq seq of the write by somebody else
-- @column last_icount its icount
-- @column last_eip its EIP
-- @column last_depth its depth
-- @column last_frame_id its frame_id
-- @column last_new the entry that it left
-- @column interrupt_id interrupts.id of the interrupt in which it was changed; NULL for another thread
WITH taken AS (
  SELECT *
  FROM window_events
  WHERE window_id > 0 AND last_seq > own_seq AND CASE
    WHEN is_access THEN
      is_present(own_new) AND frame_of(used) <> frame_of(own_new) AND frame_of(last_new) <> frame_of(own_new)
    WHEN what <> 'write' OR own_what <> 'check' OR kind IN ('pages', 'slot') THEN false
    WHEN kind = 'cr4' THEN xor(new, last_new) & xor(own_new, last_new) <> 0
    ELSE new = own_new AND last_new <> own_new END
),
interrupted AS (
  SELECT t.*, CASE WHEN i.seq > t.own_seq AND i.iret_seq > t.last_seq AND i.iret_seq < t.seq THEN i.id END AS interrupt_id
  FROM taken t
  ASOF LEFT JOIN interrupts i ON i.run_id = t.run_id AND i.parent = t.frame_id AND i.cr3 = t.own_cr3 AND i.seq <= t.last_seq
)
SELECT t.run_id, t.seq, t.icount, t.eip, t.cpl, t.depth, t.frame_id, t.cr3, t.process, t.esp, t.window_id, t.entry, t.page, t.what AS access, t.is_access,
  t.linear, t.used, coalesce(t.value, t.new) AS value, t.own_seq, t.own_icount, t.own_eip, t.own_new,
  t.last_seq, t.last_icount, t.last_eip, t.last_depth, t.last_frame_id, t.last_new, t.interrupt_id
FROM interrupted t
ASOF LEFT JOIN (FROM stack_switches WHERE reason IN ('load', 'cr3', 'task')) s ON s.run_id = t.run_id AND s.seq <= t.last_seq
WHERE t.interrupt_id IS NOT NULL OR s.seq > t.own_seq

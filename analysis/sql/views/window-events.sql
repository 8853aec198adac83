-- Every switch of a window and every access through it, with the last operations by the same context and by anyone
--
-- One row per write or check of a window's entry, register or word, and per access through the window. A context is an interrupt frame
-- (frame_id 0: none, and then a page directory, unless the window is a control register or a word). own_* is the last write or check by the
-- same context, last_* the last write by anyone, both of the same entry and before the row.
-- @column run_id index of the trace among those given, from 0
-- @column seq position among all events of the run
-- @column icount instructions retired before
-- @column eip EIP of the instruction
-- @column cpl current privilege level, 0-3
-- @column depth interrupt frames open, 0 = none
-- @column frame_id id of the innermost open interrupt frame, 0 = none
-- @column cr3 physical address of the page directory, bytes
-- @column process owner of that page directory, comm[pid]
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column window_id number of the window (windows.window_id)
-- @column entry physical address of the entry or word; 0 for a control register
-- @column page linear address that the entry maps; for a word, its own address; for a control register, 0
-- @column what write or check of the entry, register or word; read or write through the window
-- @column is_access true for an access through the window
-- @column old the entry before; NULL for an access
-- @column new the entry after; for an access, its current value
-- @column linear linear address accessed; NULL except for an access
-- @column used value of the entry when the translation was filled; NULL except for an access
-- @column value value read or written through the window; NULL except for an access
-- @column kind kind of the window: pages, slot, cr3, cr4 or word
-- @column own_seq seq of the last write or check by the same context before
-- @column own_icount its icount
-- @column own_eip its EIP
-- @column own_cr3 its cr3
-- @column own_what write or check
-- @column own_new the entry after it
-- @column last_seq seq of the last write by anyone before
-- @column last_icount its icount
-- @column last_eip its EIP
-- @column last_depth its depth
-- @column last_frame_id its frame_id
-- @column last_old the entry before it
-- @column last_new the entry after it
WITH events AS NOT MATERIALIZED (
  SELECT run_id, seq, icount, eip, cpl, depth, frame_id, cr3, process, esp, window_id, entry, page, op::VARCHAR AS what, false AS is_access,
    old, new, NULL::UINTEGER AS linear, NULL::UINTEGER AS used, NULL::UINTEGER AS value
  FROM window_switches
  UNION ALL
  SELECT run_id, seq, icount, eip, cpl, depth, frame_id, cr3, process, esp, window_id, entry, address_of(page_of(linear)), access::VARCHAR, true,
    NULL, fresh, linear, used, value
  FROM window_accesses
),
contexts_of AS (
  SELECT e.run_id, e.window_id, e.entry, e.seq, e.frame_id,
    CASE WHEN e.frame_id = 0 AND w.kind IN ('pages', 'slot') THEN e.cr3 ELSE 0 END AS space,
    CASE WHEN NOT e.is_access THEN e.seq END AS set_seq, CASE WHEN NOT e.is_access AND e.what = 'write' THEN e.seq END AS write_seq
  FROM events e JOIN windows w ON w.run_id = e.run_id AND w.window_id = e.window_id
),
-- Of each event the seqs alone: to sort whole rows takes four times the time and memory.
marked AS (
  SELECT run_id, window_id, entry, seq,
    last_value(set_seq IGNORE NULLS) OVER (
      PARTITION BY run_id, window_id, entry, frame_id, space ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS own_seq,
    last_value(write_seq IGNORE NULLS) OVER (
      PARTITION BY run_id, window_id, entry ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_seq
  FROM contexts_of
)
SELECT m.run_id, m.seq, e.icount, e.eip, e.cpl, e.depth, e.frame_id, e.cr3, e.process, e.esp, m.window_id, m.entry, e.page, e.what, e.is_access,
  e.old, e.new, e.linear, e.used, e.value, w.kind, m.own_seq, own.icount AS own_icount, own.eip AS own_eip, own.cr3 AS own_cr3,
  CASE WHEN own.is_write THEN 'write' WHEN NOT own.is_write THEN 'check' END AS own_what, own.new AS own_new, m.last_seq, last.icount AS last_icount, last.eip AS last_eip,
  last.depth AS last_depth, last.frame_id AS last_frame_id, last.old AS last_old, last.new AS last_new
FROM events e
JOIN marked m ON m.run_id = e.run_id AND m.window_id = e.window_id AND m.entry = e.entry AND m.seq = e.seq
JOIN windows w ON w.run_id = e.run_id AND w.window_id = e.window_id
LEFT JOIN (SELECT run_id, seq, icount, eip, cr3, op = 'write' AS is_write, new FROM window_switches) own ON own.run_id = m.run_id AND own.seq = m.own_seq
LEFT JOIN (FROM window_switches WHERE op = 'write') last ON last.run_id = m.run_id AND last.seq = m.last_seq

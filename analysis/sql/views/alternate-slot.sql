-- Every event of the alternate slot, with the last operations on it by the same context and by anyone
--
-- One row per write or check of the slot and per access through the window. A context is a page directory and an interrupt frame
-- (frame_id 0: none); outside any frame, also a thread. own_* is the last write or check by the same context, last_* the last write by
-- anyone under the same directory; both are before the row. Directories are physical addresses, 0 = slot empty.
-- @kept
-- @column run_id index of the trace among those given, from 0
-- @column seq position among all events of the run
-- @column icount instructions retired before
-- @column eip EIP of the instruction
-- @column cpl current privilege level, 0-3
-- @column depth interrupt frames open, 0 = none
-- @column frame_id id of the innermost open interrupt frame, 0 = none
-- @column thread number of the kernel stack, 0 before the first switch of stacks
-- @column cr3 physical address of the page directory, bytes
-- @column process owner of that page directory, comm[pid]
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column what write or check of the slot; read or write through the window
-- @column dir physical address of the directory that the slot names after the event, 0 = empty
-- @column linear linear address in the window; NULL for an event of the slot
-- @column used physical address of the directory under which the translation was filled; NULL for an event of the slot
-- @column value value read or written through the window; NULL for an event of the slot
-- @column is_access true for an access through the window
-- @column own_seq seq of the last write or check by the same context before
-- @column last_seq seq of the last write by anyone under the same directory before
-- @column own_dir directory that the slot named after own_seq, physical address
-- @column own_icount icount of own_seq
-- @column own_what write or check
-- @column last_dir directory that the slot named after last_seq, physical address
-- @column last_icount icount of last_seq
-- @column last_eip EIP of that write
-- @column last_depth depth of that write
-- @column last_frame_id frame_id of that write
-- @column last_thread thread of that write
WITH events AS NOT MATERIALIZED (
  SELECT run_id, seq, icount, eip, cpl, depth, frame_id, thread, cr3, process, esp, op::VARCHAR AS what,
    present_frame(new) AS dir, NULL::UINTEGER AS linear, NULL::UINTEGER AS used, NULL::UINTEGER AS value
  FROM aptd_switches
  UNION ALL
  SELECT run_id, seq, icount, eip, cpl, depth, frame_id, thread, cr3, process, esp, access::VARCHAR,
    present_frame(apt), linear, present_frame(used), value
  FROM apt_accesses
),
sets AS NOT MATERIALIZED (
  SELECT run_id, seq, icount, eip, depth, frame_id, thread, cr3, present_frame(new) AS dir, op = 'write' AS is_write FROM aptd_switches
),
-- Of each event the seqs alone: to sort whole rows takes twice the time and memory.
marked AS (
  SELECT run_id, cr3, seq,
    last_value(CASE WHEN is_set THEN seq END IGNORE NULLS) OVER (
      PARTITION BY run_id, cr3, frame_id, thread ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS own_seq,
    last_value(CASE WHEN is_set AND is_write THEN seq END IGNORE NULLS) OVER (
      PARTITION BY run_id, cr3 ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_seq
  FROM (SELECT run_id, cr3, frame_id, thread, seq, linear IS NULL AS is_set, what = 'write' AS is_write FROM events)
)
SELECT e.*, e.linear IS NOT NULL AS is_access, m.own_seq, m.last_seq, own.dir AS own_dir, own.icount AS own_icount,
  CASE WHEN own.is_write THEN 'write' WHEN NOT own.is_write THEN 'check' END AS own_what,
  last.dir AS last_dir, last.icount AS last_icount, last.eip AS last_eip, last.depth AS last_depth, last.frame_id AS last_frame_id, last.thread AS last_thread
FROM events e
JOIN marked m ON m.run_id = e.run_id AND m.cr3 = e.cr3 AND m.seq = e.seq
LEFT JOIN sets own ON own.run_id = m.run_id AND own.seq = m.own_seq
LEFT JOIN (FROM sets WHERE is_write) last ON last.run_id = m.run_id AND last.seq = m.last_seq

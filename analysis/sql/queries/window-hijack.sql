-- Window hijack: an interrupt or another thread changed a declared window under code that was using it
--
-- One row per hijack. The base context (process, depth) set or checked the window at set_icount. An interrupt or another thread set it to
-- something else at switch_icount (code: switch_at). From first_use_icount on, the base context used the window without checking it again.
-- The verdict is `corruption` if it stored through the window into the wrong frame, `wrong read` if it only read, and `written back` if it
-- overwrote the change to CR3, CR4 or a word with the value it had read before. CR3 counts as changed under a thread if it is loaded again
-- after the interrupt. `accesses` lists each use: icount, R or W, address in the window, value. For the alternate map, use foreign-pmap.
-- @column run_id index of the trace among those given, from 0
-- @column verdict corruption, wrong read or written back
-- @column window_name name of the window in the profile
-- @column page linear address that the entry maps; for a word, its own address; for a control register, 0
-- @column process process whose kernel code was using the window
-- @column cr3 page directory of that process, physical address
-- @column depth interrupt frames open in that code, 0 = none
-- @column set_icount icount at which that code set or checked the window
-- @column set_at code that set or checked it
-- @column intended intended frame, physical address; for a register or word, its value
-- @column cause IRQ or INT and its number, SYSENTER, or another thread
-- @column interrupt_id interrupts.id of the interrupt; NULL for another thread
-- @column handler function entered; NULL for another thread
-- @column interrupt_icount icount of its delivery; NULL for another thread
-- @column interrupted_at interrupted code; NULL for another thread
-- @column switch_icount icount at which the window was changed
-- @column switch_at code that changed it
-- @column left_at frame that the change left in the window, physical address; for a register or word, its value
-- @column iret_icount icount at which the interrupt returned; NULL for another thread
-- @column first_use_icount icount at which the base context first used the window again
-- @column last_use_icount icount of its last use before it checked the window or the window changed again
-- @column use_at code of the first use
-- @column use_instruction instruction of the first use
-- @column reads wrong reads
-- @column writes wrong stores, or values written back
-- @column accesses each: icount, R or W, linear address in the window = value
WITH hijacks AS (
  SELECT run_id, window_id, entry, page, is_access, cr3, depth, frame_id, own_seq, own_icount, own_eip, own_new,
    last_seq, last_icount, last_eip, last_new, interrupt_id,
    min(seq) AS first_seq, min(icount) AS first_use_icount, max(icount) AS last_use_icount, arg_min(eip, seq) AS use_eip,
    count(*) FILTER (access = 'read') AS reads, count(*) FILTER (access = 'write') AS writes,
    string_agg(icount || CASE access WHEN 'write' THEN ' W ' ELSE ' R ' END || coalesce(hex32(linear) || '=', '') || hex32(value), ', '
      ORDER BY seq) FILTER (nth <= 32) AS accesses
  FROM (SELECT *, row_number() OVER (PARTITION BY run_id, own_seq, last_seq ORDER BY seq) AS nth FROM taken_windows)
  GROUP BY ALL
)
SELECT h.run_id,
  CASE WHEN NOT h.is_access THEN 'written back' WHEN h.writes > 0 THEN 'corruption' ELSE 'wrong read' END AS verdict,
  w.name AS window_name, hex32(h.page) AS page,
  owner_text(h.run_id, h.cr3, h.first_use_icount) AS process, hex32(h.cr3) AS cr3, h.depth,
  h.own_icount AS set_icount, symbol(h.run_id, h.own_eip) AS set_at,
  hex32(CASE WHEN h.is_access THEN frame_of(h.own_new) ELSE h.own_new END) AS intended,
  CASE WHEN i.id IS NULL THEN 'another thread'
    ELSE interrupt_text(i.irq, i.vector, i.source) END AS cause,
  h.interrupt_id, symbol(h.run_id, i.handler) AS handler,
  i.icount AS interrupt_icount, symbol(h.run_id, i.eip) AS interrupted_at,
  h.last_icount AS switch_icount, symbol(h.run_id, h.last_eip) AS switch_at,
  hex32(CASE WHEN h.is_access THEN frame_of(h.last_new) ELSE h.last_new END) AS left_at,
  i.iret_icount, h.first_use_icount, h.last_use_icount, symbol(h.run_id, h.use_eip) AS use_at,
  instruction(h.run_id, h.use_eip) AS use_instruction, h.reads, h.writes,
  h.accesses || CASE WHEN h.reads + h.writes > 32 THEN ', …' ELSE '' END AS accesses
FROM hijacks h
JOIN windows w ON w.run_id = h.run_id AND w.window_id = h.window_id
LEFT JOIN interrupts i ON i.run_id = h.run_id AND i.id = h.interrupt_id
ORDER BY h.run_id, h.first_seq

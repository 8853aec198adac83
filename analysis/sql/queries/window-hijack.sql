-- Window hijack: somebody changed a declared window under code that was using it
--
-- One row for each time. The base context (process, depth) set or checked the window at set_icount. An interrupt came in, or another
-- thread ran, and set it to something else at switch_icount (switch_at). From first_use_icount on the base context used it without
-- looking again. Verdict `corruption`: it stored through it into the wrong frame; `wrong read`: it only read; `written back`: what it had
-- read of CR3, CR4 or a word it wrote back over the change. The alternate map has foreign-pmap. `accesses` lists each use: icount,
-- R or W, address in the window, value. CR3 has changed under a thread when it is loaded again after the interrupt.
-- @column run_id which of the traces given, from 0
-- @column verdict corruption, wrong read or written back
-- @column window_name what the profile calls the window
-- @column page linear address that the entry maps; of a word its own; 0 for a control register
-- @column process whose kernel code was using it
-- @column cr3 its page directory, physical address
-- @column depth interrupt frames open in that code, 0 = none
-- @column set_icount when it set or checked the window
-- @column set_at code that did
-- @column intended what it meant: frame, physical address; of a register or word its value
-- @column cause IRQ or INT and its number, SYSENTER, or another thread
-- @column interrupt_id interrupts.id of the interrupt; NULL for another thread
-- @column handler function entered; NULL for another thread
-- @column interrupt_icount when it was delivered; NULL for another thread
-- @column interrupted_at code that it interrupted; NULL for another thread
-- @column switch_icount when the window was changed
-- @column switch_at code that changed it
-- @column left_at what it was left at: frame, physical address; of a register or word its value
-- @column iret_icount when the interrupt returned; NULL for another thread
-- @column first_use_icount when the base context first used it again
-- @column last_use_icount when it used it last before it looked, or somebody changed it again
-- @column use_at code of the first use
-- @column use_instruction its instruction
-- @column reads wrong reads
-- @column writes wrong stores, or writes back
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

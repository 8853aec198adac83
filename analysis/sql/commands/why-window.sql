-- The use of a taken window at an icount, with the events that led to it
--
-- For the command `why`. No row if the instruction used no such window.
-- @param icount of the use
-- @column window_name the window
-- @column is_access true for an access through it, false for a write that restores
-- @column access read or write
-- @column linear linear address accessed; NULL except for an access
-- @column physical physical address reached; NULL except for an access
-- @column size bytes; NULL except for an access
-- @column value value read or written
-- @column use_code code of the use
-- @column process process whose page directory was live
-- @column depth interrupt frames open at the use
-- @column last_use icount of the last use of the same kind
-- @column first_use icount of the first, a store if there was one
-- @column set_icount icount at which its user set or checked it
-- @column set_code code that set or checked it
-- @column intended the intended frame or directory, physical address; for a register or word, its value
-- @column intended_owner process of that directory; NULL unless it is one
-- @column switch_icount icount at which it was changed
-- @column switch_code code that changed it
-- @column switch_depth interrupt frames open there
-- @column reached the value in which it was left
-- @column reached_owner process of that directory; NULL unless it is one
-- @column interrupt the interrupt in which it was changed; NULL for another thread
-- @column handler function entered
-- @column interrupt_icount when it was delivered
-- @column interrupted_code the interrupted code
-- @column iret_icount when it returned
WITH uses AS (
  SELECT a.icount, a.seq, a.eip, a.cr3, a.depth, 'the alternate map' AS window_name, a.linear, a.value, a.access::VARCHAR AS access,
    true AS is_access, a.own_seq, a.own_icount, s.eip AS own_eip, a.own_dir AS intended, a.last_seq, a.last_icount, a.last_eip, a.last_depth,
    a.last_dir AS reached, a.interrupt_id, true AS is_directory
  FROM wrong_accesses a LEFT JOIN aptd_switches s ON s.seq = a.own_seq
  UNION ALL
  SELECT t.icount, t.seq, t.eip, t.cr3, t.depth, 'the window ' || w.name, t.linear, t.value, t.access::VARCHAR,
    t.is_access, t.own_seq, t.own_icount, t.own_eip, CASE WHEN t.is_access THEN frame_of(t.own_new) ELSE t.own_new END,
    t.last_seq, t.last_icount, t.last_eip, t.last_depth, CASE WHEN t.is_access THEN frame_of(t.last_new) ELSE t.last_new END, t.interrupt_id, false
  FROM taken_windows t JOIN windows w ON w.window_id = t.window_id
),
this AS (SELECT * FROM uses WHERE icount = $icount::BIGINT ORDER BY access = 'write' DESC, seq LIMIT 1),
all_of_it AS (
  SELECT max(u.icount) AS last_use, coalesce(min(u.icount) FILTER (u.access = 'write'), min(u.icount)) AS first_use
  FROM uses u JOIN this t ON u.own_seq = t.own_seq AND u.last_seq = t.last_seq
)
SELECT t.window_name, t.is_access, t.access, hex32(t.linear) AS linear, v.physical, v.size, hex32(t.value) AS value, symbol(0, t.eip) AS use_code,
  owner_text(0, frame_of(t.cr3), t.icount) AS process, t.depth, a.last_use, a.first_use,
  t.own_icount AS set_icount, CASE WHEN t.own_eip IS NOT NULL THEN symbol(0, t.own_eip) END AS set_code, hex32(t.intended) AS intended,
  CASE WHEN t.is_directory THEN owner_text(0, t.intended, t.icount) END AS intended_owner,
  t.last_icount AS switch_icount, symbol(0, t.last_eip) AS switch_code, t.last_depth AS switch_depth, hex32(t.reached) AS reached,
  CASE WHEN t.is_directory THEN owner_text(0, t.reached, t.icount) END AS reached_owner,
  interrupt_text(i.irq, i.vector, i.source) AS interrupt, CASE WHEN i.id IS NOT NULL THEN symbol(0, i.handler) END AS handler, i.icount AS interrupt_icount,
  CASE WHEN i.id IS NOT NULL THEN symbol(0, i.eip) END AS interrupted_code, i.iret_icount
FROM this t CROSS JOIN all_of_it a LEFT JOIN interrupts i ON i.id = t.interrupt_id
LEFT JOIN window_accesses v ON v.seq = t.seq

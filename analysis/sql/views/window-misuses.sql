-- Unintended accesses through the alternate window, by cause
--
-- Each access has one class, which names its cause: an interrupt handler switched the slot under the thread itself (1) or under another
-- thread of the same directory, such as idle (15); another thread switched it (3); a function called by the code switched it (5); or the
-- directory that the slot names had ended but still has that page table (8; without the page table, stale_uses has the access as class 9). An
-- access after the thread slept, while the slot still names the intended directory, is class 4. The intention of a function is its own last
-- set or check of the slot; if one function does this for all others, class 5 cannot be detected.
-- @kept
-- @column run_id index of the trace among those given, from 0
-- @column seq position among all events of the run
-- @column icount instructions retired before
-- @column eip EIP of the instruction
-- @column cr3 physical address of the page directory, bytes
-- @column process owner of that page directory, comm[pid]
-- @column dir physical address of the directory that the slot names
-- @column linear linear address in the window
-- @column access read or write
-- @column class 1, 3, 4, 5, 8 or 15
-- @column own_seq seq at which the intended directory was set or checked
-- @column own_icount icount of that
-- @column own_dir the intended directory
-- @column cause_seq position of the switch, of the end of the directory, or of the load of CR3
-- @column cause_icount icount of that
-- @column cause_eip code that did it
WITH codes AS (
  SELECT run_id, eip, min(eip) OVER (PARTITION BY run_id, function_at(run_id, eip)) AS function
  FROM (SELECT DISTINCT run_id, eip FROM alternate_slot)
),
-- Rows are sorted for each of the joins, so they have only what decides; the rest is looked up of those that have a class.
uses AS (
  SELECT a.run_id, a.seq, a.icount, a.cr3, a.frame_id, a.thread, a.dir, a.used, index_of(a.linear) AS slot, f.function,
    a.own_seq, a.own_dir, a.last_seq, a.last_thread, a.last_frame_id, a.last_seq > a.own_seq AND a.last_dir <> a.own_dir AND a.used <> a.own_dir AS switched
  FROM alternate_slot a JOIN codes f ON f.run_id = a.run_id AND f.eip = a.eip
  WHERE a.is_access
),
sets AS (
  SELECT a.run_id, a.cr3, a.frame_id, a.thread, a.seq, a.icount, a.dir, f.function
  FROM alternate_slot a JOIN codes f ON f.run_id = a.run_id AND f.eip = a.eip
  WHERE NOT a.is_access
),
told AS (
  SELECT u.run_id, u.seq, u.switched, u.own_seq, u.thread, u.last_thread,
    w.interrupt_id IS NOT NULL AS hijacked, h.id IS NOT NULL AS by_handler,
    i.dir <> u.own_dir AND i.dir <> u.used AND i.seq < u.own_seq AND u.last_seq <= u.own_seq AS clobbered,
    i.seq AS meant_seq, i.icount AS meant_icount, i.dir AS meant_dir,
    e.ended AND e.icount < u.icount AS is_dead, NOT is_present(p.new) AS is_stale, e.seq AS end_seq, e.icount AS end_icount,
    c.seq AS away_seq, c.icount AS away_icount, c.eip AS away_eip
  FROM uses u
  LEFT JOIN (SELECT run_id, seq, any_value(interrupt_id) AS interrupt_id FROM wrong_accesses GROUP BY ALL) w ON w.run_id = u.run_id AND w.seq = u.seq
  LEFT JOIN (SELECT run_id, id FROM interrupts WHERE interrupted_cpl < 3) h ON h.run_id = u.run_id AND h.id = u.last_frame_id
  ASOF LEFT JOIN (SELECT * FROM paging_writes WHERE level = 'pde' AND source <> 'accessed_dirty') p
    ON p.run_id = u.run_id AND p.dir = u.dir AND p.slot = u.slot AND p.icount < u.icount
  ASOF LEFT JOIN sets i
    ON i.run_id = u.run_id AND i.cr3 = u.cr3 AND i.frame_id = u.frame_id AND i.thread = u.thread AND i.function = u.function AND i.seq <= u.seq
  ASOF LEFT JOIN directory_ends e ON e.run_id = u.run_id AND e.dir = u.dir AND e.icount <= u.icount
  ASOF LEFT JOIN (SELECT * FROM control_writes WHERE reg = 'cr3' AND old <> new) c ON c.run_id = u.run_id AND c.old = u.cr3 AND c.seq <= u.seq
),
classed AS (
  SELECT *, CASE
    WHEN hijacked THEN '1'
    WHEN switched AND last_thread <> thread AND by_handler THEN '15'
    WHEN switched AND last_thread <> thread THEN '3'
    WHEN clobbered THEN '5'
    WHEN is_dead AND is_stale IS DISTINCT FROM true THEN '8'
    WHEN away_seq > own_seq THEN '4' END AS class
  FROM told
)
SELECT a.run_id, a.seq, a.icount, a.eip, a.cr3, a.process, a.dir, a.linear, a.what AS access, c.class,
  CASE c.class WHEN '5' THEN c.meant_seq ELSE a.own_seq END AS own_seq,
  CASE c.class WHEN '5' THEN c.meant_icount ELSE a.own_icount END AS own_icount,
  CASE c.class WHEN '5' THEN c.meant_dir ELSE a.own_dir END AS own_dir,
  CASE c.class WHEN '4' THEN c.away_seq WHEN '5' THEN a.own_seq WHEN '8' THEN c.end_seq ELSE a.last_seq END AS cause_seq,
  CASE c.class WHEN '4' THEN c.away_icount WHEN '5' THEN a.own_icount WHEN '8' THEN c.end_icount ELSE a.last_icount END AS cause_icount,
  CASE c.class WHEN '4' THEN c.away_eip WHEN '5' THEN NULL WHEN '8' THEN NULL ELSE a.last_eip END AS cause_eip
FROM classed c JOIN alternate_slot a ON a.run_id = c.run_id AND a.seq = c.seq
WHERE c.class IS NOT NULL

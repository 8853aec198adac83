-- Harmful uses of stale TLB entries, with the change that made each entry stale
--
-- A use is harmful if the entry led to another frame, if the access is no longer allowed, or if a write did not set the dirty bit again. The
-- entry was filled after the last CR3 load and after the last INVLPG of its page; a later change made it stale. In the alternate window,
-- that is a change of the slot (class 6), the end and new beginning of the directory that the slot names (7), or a change of the directory's
-- entry for the page table (9). Elsewhere it is a change of a PTE, with an INVLPG of the page between the PTE's previous change and this one
-- (11) or without (10).
-- @kept
-- @column run_id index of the trace among those given, from 0
-- @column seq position among all events of the run
-- @column icount instructions retired before
-- @column eip EIP of the instruction
-- @column cpl current privilege level, 0-3
-- @column depth interrupt frames open, 0 = none
-- @column cr3 physical address of the page directory, bytes
-- @column process owner of that page directory, comm[pid]
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column linear linear address used
-- @column access read, write or execute
-- @column used the PTE (or 4 MB PDE) in the TLB
-- @column fresh the entry that a walk would have found, 0 = none
-- @column class 6, 7, 9, 10 or 11
-- @column cause_seq position of the change that made it stale; NULL when none was recorded
-- @column cause_icount icount of that change
-- @column cause_eip code that made it
-- @column cause_old the slot or entry before
-- @column cause_new the slot or entry after
WITH stale AS (
  SELECT t.*, coalesce(slot_of(t.linear) = run.alternate_slot, false) AS in_window, page_of(t.linear) AS page
  FROM tlb_events t JOIN run USING (run_id)
  WHERE t.op = 'stale_use' AND (
    NOT is_present(t.fresh) OR frame_at(t.used, t.linear) <> frame_at(t.fresh, t.linear)
    OR (t.access = 'write' AND NOT is_writable(t.fresh)) OR (t.cpl = 3 AND NOT is_user(t.fresh))
    OR (t.access = 'write' AND is_large(t.used) = is_large(t.fresh) AND is_dirty(t.used) AND NOT is_dirty(t.fresh)))
),
flushes AS (
  SELECT run_id, seq FROM control_writes WHERE reg = 'cr3'
  UNION ALL
  SELECT run_id, seq FROM tlb_events WHERE op = 'flush'
),
filled AS (
  SELECT s.*, coalesce(f.seq, 0) AS flush_seq, coalesce(i.seq, 0) AS invlpg_seq, greatest(coalesce(f.seq, 0), coalesce(i.seq, 0)) AS filled_seq
  FROM stale s
  ASOF LEFT JOIN flushes f ON f.run_id = s.run_id AND f.seq <= s.seq
  ASOF LEFT JOIN (SELECT run_id, seq, page_of(linear) AS page FROM tlb_events WHERE op = 'invlpg') i
    ON i.run_id = s.run_id AND i.page = s.page AND i.seq <= s.seq
),
changes AS (SELECT * FROM paging_writes WHERE source <> 'accessed_dirty'),
in_window AS (
  SELECT f.*, w.seq AS switch_seq, w.icount AS switch_icount, w.eip AS switch_eip, w.old AS switch_old, w.new AS switch_new,
    d.seq AS birth_seq, d.icount AS birth_icount
  FROM filled f
  ASOF LEFT JOIN (SELECT * FROM aptd_switches WHERE op = 'write') w ON w.run_id = f.run_id AND w.cr3 = f.cr3 AND w.seq <= f.seq
  ASOF LEFT JOIN (SELECT * FROM directory_ends WHERE reborn) d ON d.run_id = f.run_id AND d.dir = present_frame(w.new) AND d.seq <= f.seq
  WHERE f.in_window
),
window_causes AS (
  SELECT f.*, p.seq AS table_seq, p.icount AS table_icount, p.eip AS table_eip, p.old AS table_old, p.new AS table_new,
    CASE WHEN f.switch_seq > f.filled_seq AND present_frame(f.switch_old) <> present_frame(f.switch_new) THEN '6'
         WHEN f.birth_seq > f.filled_seq THEN '7' WHEN p.seq > f.filled_seq THEN '9' ELSE '10' END AS class
  FROM in_window f
  ASOF LEFT JOIN (SELECT * FROM changes WHERE level = 'pde') p
    ON p.run_id = f.run_id AND p.dir = present_frame(f.switch_new) AND p.slot = index_of(f.linear) AND p.seq <= f.seq
),
ptes AS (
  SELECT *, coalesce(lag(seq) OVER (PARTITION BY run_id, physical ORDER BY seq), 0) AS previous_seq FROM changes WHERE level = 'pte'
),
pte_causes AS (
  SELECT f.*, p.seq AS table_seq, p.icount AS table_icount, p.eip AS table_eip, p.old AS table_old, p.new AS table_new,
    CASE WHEN f.invlpg_seq > f.flush_seq AND f.invlpg_seq < p.seq AND f.invlpg_seq > p.previous_seq THEN '11' ELSE '10' END AS class
  FROM filled f
  ASOF LEFT JOIN ptes p ON p.run_id = f.run_id AND p.vpn = f.page AND frame_of(p.old) = frame_of(f.used) AND p.seq <= f.seq
  WHERE NOT f.in_window
)
SELECT run_id, seq, icount, eip, cpl, depth, cr3, process, esp, linear, access, used, fresh, class,
  CASE class WHEN '6' THEN switch_seq WHEN '7' THEN birth_seq ELSE table_seq END AS cause_seq,
  CASE class WHEN '6' THEN switch_icount WHEN '7' THEN birth_icount ELSE table_icount END AS cause_icount,
  CASE class WHEN '6' THEN switch_eip WHEN '7' THEN NULL ELSE table_eip END AS cause_eip,
  CASE class WHEN '6' THEN switch_old WHEN '7' THEN switch_new ELSE table_old END AS cause_old,
  CASE class WHEN '6' THEN switch_new WHEN '7' THEN switch_new ELSE table_new END AS cause_new
FROM window_causes
UNION ALL
SELECT run_id, seq, icount, eip, cpl, depth, cr3, process, esp, linear, access, used, fresh, class, table_seq, table_icount, table_eip, table_old, table_new
FROM pte_causes

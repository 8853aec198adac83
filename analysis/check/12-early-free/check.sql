-- Page table freed before its last store
--
-- The frame of a page table was given out again, as a mapped page or as a table of another directory, while a directory still named it as
-- its page table, and that directory was used afterwards: stores by it land in the frame's new contents. Traces do not record that a frame
-- is freed, only its next use. Tables of one directory that are given out again until it ends are one finding. A directory that CR3 and the alternate slot never name again does no harm: its own frame is free as well,
-- and the words stored there are not page-directory entries.
-- @class 12
-- @severity error
WITH named AS (
  SELECT run_id, dir, slot, seq, icount, present_frame(new) AS frame,
    lead(seq, 1, after_all()) OVER (PARTITION BY run_id, physical ORDER BY seq) AS next_seq
  FROM paging_writes JOIN run USING (run_id)
  WHERE level = 'pde' AND slot < recursive_slot AND source <> 'accessed_dirty' AND NOT is_large(new)
),
ends AS (
  SELECT run_id, dir, seq FROM directory_ends WHERE ended
  UNION ALL
  SELECT run_id, dir, seq FROM structure_changes WHERE role = 'directory' AND op = 'end'
),
tables AS (
  SELECT n.* EXCLUDE (next_seq), least(n.next_seq, e.seq) AS until_seq, coalesce(e.seq, after_all()) AS end_seq
  FROM named n ASOF LEFT JOIN ends e ON e.run_id = n.run_id AND e.dir = n.dir AND e.seq > n.seq
  WHERE n.frame <> 0
),
-- Stores that map a frame again, numbered per frame, so that the number between two of them is a difference.
given AS (
  SELECT w.run_id, present_frame(w.new) AS frame, w.seq, w.icount, w.eip, w.cr3, mapped_from(w.level, w.slot, w.vpn) AS mapped_at,
    row_number() OVER (PARTITION BY w.run_id, present_frame(w.new) ORDER BY w.seq) AS nth
  FROM paging_writes w
  LEFT JOIN one_page_windows v ON v.run_id = w.run_id AND v.page = w.vpn AND w.level = 'pte'
  WHERE w.source = 'store' AND is_present(w.new) AND present_frame(w.old) <> present_frame(w.new) AND v.page IS NULL
    AND present_frame(w.new) IN (SELECT frame FROM tables)
),
reused AS (
  SELECT t.run_id, t.dir, t.slot, t.frame, t.icount AS from_icount, f.icount, f.seq, f.eip, f.cr3, f.mapped_at AS reused_at,
    l.nth - f.nth + 1 AS uses, t.until_seq, t.end_seq
  FROM tables t
  ASOF JOIN given f ON f.run_id = t.run_id AND f.frame = t.frame AND f.seq > t.seq
  ASOF JOIN given l ON l.run_id = t.run_id AND l.frame = t.frame AND l.seq < t.until_seq
  WHERE f.seq < t.until_seq
),
walked AS (
  SELECT run_id, frame_of(new) AS dir, seq FROM control_writes WHERE reg = 'cr3'
  UNION ALL
  SELECT run_id, present_frame(new), seq FROM aptd_switches
  UNION ALL
  SELECT run_id, present_frame(apt), seq FROM apt_accesses
),
incidents AS (
  SELECT r.*
  FROM reused r
  ASOF LEFT JOIN (SELECT * FROM walked WHERE dir IN (SELECT dir FROM reused)) w ON w.run_id = r.run_id AND w.dir = r.dir AND w.seq > r.seq
  WHERE frame_of(r.cr3) = r.dir OR w.seq < r.until_seq
),
-- The first table of each directory given out again stands for all.
directories AS (
  SELECT run_id, dir, end_seq, arg_min({slot: slot, frame: frame, icount: icount, eip: eip, cr3: cr3, reused_at: reused_at}, {seq: seq, slot: slot}) AS first,
    arg_min(from_icount, {seq: seq, slot: slot}) AS from_icount, sum(uses)::BIGINT AS uses, count(DISTINCT {slot: slot, frame: frame}) - 1 AS others
  FROM incidents GROUP BY ALL
)
SELECT run_id, from_icount, first.icount AS icount, owner_text(run_id, first.cr3, first.icount) AS process,
  symbol(run_id, first.eip) AS code,
  symbol(run_id, first.eip) || ' mapped frame ' || hex32(first.frame) || ' at ' || hex32(first.reused_at) || ', which directory ' || hex32(dir)
  || ' (' || owner_text(run_id, dir, first.icount) || ') still names as its page table ' || first.slot || ': ' || uses
  || CASE uses WHEN 1 THEN ' use' ELSE ' uses' END
  || CASE others WHEN 0 THEN '' WHEN 1 THEN ' of this and one other' ELSE ' of this and ' || others || ' others' END AS summary,
  'who-wrote 0x' || hex32(first.frame) AS query, uses, uses AS stores
FROM directories

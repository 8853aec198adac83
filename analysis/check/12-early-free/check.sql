-- Page table freed before its last store
--
-- The frame of a page table was given out again, as a mapped page or as a table of another directory, while a directory still named it as
-- its page table. Later stores by the old directory land in the frame's new contents. Traces do not record that a frame is freed, only
-- its next use.
-- @class 12
-- @severity error
WITH tables AS (
  SELECT run_id, dir, slot, seq, icount, present_frame(new) AS frame, physical,
    lead(seq, 1, after_all()) OVER (PARTITION BY run_id, physical ORDER BY seq) AS until_seq
  FROM paging_writes JOIN run USING (run_id)
  WHERE level = 'pde' AND slot < recursive_slot AND source <> 'accessed_dirty' AND NOT is_large(new)
),
reuses AS (
  SELECT t.*, w.seq AS reuse_seq, w.icount AS reuse_icount, w.eip AS reuse_eip, w.cr3, mapped_from(w.level, w.slot, w.vpn) AS reused_at
  FROM tables t
  JOIN paging_writes w ON w.run_id = t.run_id AND present_frame(w.new) = t.frame AND present_frame(w.old) <> t.frame
    AND w.seq > t.seq AND w.seq < t.until_seq
  LEFT JOIN one_page_windows v ON v.run_id = w.run_id AND v.page = w.vpn AND w.level = 'pte'
  WHERE t.frame <> 0 AND w.source = 'store' AND v.page IS NULL
),
incidents AS (
  SELECT run_id, dir, slot, frame, seq, min(icount) AS from_icount, min(reuse_icount) AS icount, arg_min(reuse_eip, reuse_seq) AS eip,
    arg_min(cr3, reuse_seq) AS cr3, arg_min(reused_at, reuse_seq) AS reused_at, count(*) AS uses
  FROM reuses GROUP BY run_id, dir, slot, frame, seq
)
SELECT run_id, from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  symbol(run_id, eip) || ' mapped frame ' || hex32(frame) || ' at ' || hex32(reused_at) || ', which directory ' || hex32(dir) || ' ('
  || owner_text(run_id, dir, icount) || ') still names as its page table ' || slot || ': ' || uses || CASE uses WHEN 1 THEN ' use' ELSE ' uses' END AS summary,
  'who-wrote 0x' || hex32(frame) AS query, uses, uses AS stores
FROM incidents

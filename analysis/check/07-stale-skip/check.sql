-- Flush skipped for a directory that is reused
--
-- The alternate slot already named the directory, so the code neither changed the slot nor flushed the TLB. But that directory had been
-- freed and its frame reused for another, and the TLB still held translations through the old one's page tables.
-- @class 7
-- @severity error
-- @needs alternate_map
WITH incidents AS (
  SELECT run_id, cause_eip, min(cause_icount) AS cause_icount, min(icount) AS icount, arg_min(eip, seq) AS eip, arg_min(cr3, seq) AS cr3,
    arg_min(linear, seq) AS linear, arg_min(access, seq) AS access, arg_min(used, seq) AS used, arg_min(fresh, seq) AS fresh,
    arg_min(cause_old, seq) AS cause_old, arg_min(cause_new, seq) AS cause_new, count(DISTINCT cause_seq) AS changes,
    count(*) AS uses, count(*) FILTER (access = 'write') AS stores
  FROM stale_uses WHERE class = '7' GROUP BY run_id, cause_eip
)
SELECT run_id, coalesce(cause_icount, icount) AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  'the frame of directory ' || hex32(frame_of(cause_new)) || ' became another directory at icount ' || cause_icount || ' with no flush after; ' || symbol(run_id, eip)
  || ' reached ' || hex32(linear) || ' by the TLB entry of before (page table ' || hex32(frame_of(used)) || '): '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM incidents

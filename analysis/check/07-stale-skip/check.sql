-- Flush skipped for a directory that is reused
--
-- The alternate slot already named the directory, so the code neither changed the slot nor flushed the TLB. But that directory had been
-- freed and its frame reused for another, and the TLB still held translations through the old one's page tables.
-- @class 7
-- @severity error
-- @needs alternate_map
SELECT run_id, coalesce(cause_icount, icount) AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  'the frame of directory ' || hex32(frame_of(cause_new)) || ' became another directory at icount ' || cause_icount || ' with no flush after; ' || symbol(run_id, eip)
  || ' reached ' || hex32(linear) || ' by the TLB entry of before (page table ' || hex32(frame_of(used)) || '): '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM stale_incidents WHERE class = '7'

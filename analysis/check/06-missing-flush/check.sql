-- Missing flush on a switch
--
-- The alternate slot changed, and later accesses to the window still hit TLB entries filled before the change. One row per place in the
-- code that switched the slot without a flush.
-- @class 6
-- @severity error
-- @needs alternate_map
-- @revision 2
SELECT run_id, coalesce(cause_icount, icount) AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  symbol(run_id, cause_eip) || ' switched the alternate map from ' || hex32(frame_of(cause_old)) || ' to ' || hex32(frame_of(cause_new)) || ' at icount ' || cause_icount
  || ' without a flush' || again_text(changes) || '; ' || symbol(run_id, eip) || ' reached ' || hex32(linear) || ' by the TLB entry of before (page table '
  || hex32(frame_of(used)) || '): '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM stale_incidents WHERE class = '6'

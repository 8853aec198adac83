-- Missing flush on a switch
--
-- The alternate slot was changed, and an access to the window still hit a TLB entry filled before.
-- @class 6
-- @severity error
-- @needs alternate_map
SELECT a.run_id, a.last_icount AS from_icount, a.icount, owner_text(a.run_id, a.cr3, a.icount) AS process,
  symbol(a.run_id, a.eip) AS code,
  symbol(a.run_id, a.eip) || ' reached ' || hex32(a.linear) || ' by a TLB entry of directory ' || hex32(a.used)
  || '; the slot names ' || hex32(a.dir) || ' since icount ' || a.last_icount AS summary,
  'aptd-timeline' AS query
FROM alternate_slot a
WHERE a.is_access AND a.used <> a.dir

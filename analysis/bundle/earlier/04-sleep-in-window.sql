-- Sleep in the window
--
-- The alternate slot was set, CR3 was switched away and back, and the window was used without looking at the slot again.
-- @class 4
-- @severity warning
-- @needs alternate_map
SELECT a.run_id, a.own_icount AS from_icount, a.icount, owner_text(a.run_id, a.cr3, a.icount) AS process,
  symbol(a.run_id, a.eip) AS code,
  owner_text(a.run_id, a.cr3, a.icount) || ' set the alternate map at icount ' || a.own_icount || ', another process ran from icount '
  || c.icount || ', and ' || symbol(a.run_id, a.eip) || ' used the map without looking: ' || hex32(a.linear) AS summary,
  'aptd-timeline' AS query
FROM alternate_slot a
ASOF JOIN (SELECT * FROM control_writes WHERE reg = 'cr3' AND old <> new) c
  ON c.run_id = a.run_id AND c.old = a.cr3 AND c.seq <= a.seq
WHERE a.is_access AND c.seq > a.own_seq

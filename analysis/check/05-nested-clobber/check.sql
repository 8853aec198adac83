-- Nested self-clobber
--
-- A function held a pointer into the window, called a function that set the slot to another directory, and then used its pointer. No
-- interrupt is involved.
-- @class 5
-- @severity error
-- @needs alternate_map
SELECT run_id, own_icount AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  symbol(run_id, eip) || ' meant directory ' || hex32(own_dir) || ' (' || owner_text(run_id, own_dir, own_icount) || '), which it set or found at icount ' || own_icount
  || '; what it called set the slot to ' || hex32(dir) || ' (' || owner_text(run_id, dir, icount) || ') at icount ' || cause_icount || '; it went on: '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM window_incidents WHERE class = '5'

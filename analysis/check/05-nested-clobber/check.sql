-- Nested self-clobber
--
-- A function held a pointer into the window, called a function that set the slot to another directory, and then used its pointer. No
-- interrupt is involved.
-- @class 5
-- @severity error
-- @needs alternate_map
WITH incidents AS (
  SELECT run_id, own_seq, own_icount, own_dir, cause_seq, cause_icount, cause_eip, dir, cr3, min(icount) AS icount, arg_min(eip, seq) AS eip, arg_min(linear, seq) AS linear,
    count(*) AS uses, count(*) FILTER (access = 'write') AS stores
  FROM window_misuses WHERE class = '5' GROUP BY ALL
)
SELECT run_id, own_icount AS from_icount, icount, owner_text(run_id, cr3, icount) AS process, symbol(run_id, eip) AS code,
  symbol(run_id, eip) || ' meant directory ' || hex32(own_dir) || ' (' || owner_text(run_id, own_dir, own_icount) || '), which it set or found at icount ' || own_icount
  || '; what it called set the slot to ' || hex32(dir) || ' (' || owner_text(run_id, dir, icount) || ') at icount ' || cause_icount || '; it went on: '
  || uses_text(uses, stores) AS summary,
  'aptd-timeline' AS query, uses, stores
FROM incidents

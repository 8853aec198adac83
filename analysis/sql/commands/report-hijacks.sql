-- The steps of each hijack of a window, in the lane of the code that made it, for the picture of a report
--
-- For the command `report`, which draws them in two lanes.
-- @column set_icount icount at which the base code set the window, which identifies the hijack
-- @column icount of the step
-- @column lane base or handler
-- @column text one line
-- @column slot the target of the window from here on; NULL if the step does not change it
-- @column is_wrong true for an erroneous step
WITH hijacks AS (
  SELECT set_icount, process, interrupt, handler, interrupt_icount, interrupted_at, switch_icount, switch_at, iret_icount,
    first_access_icount AS use_icount, access_at AS use_at, access_instruction AS instruction, verdict,
    intended_owner || ' ' || intended_dir AS intended, foreign_owner || ' ' || foreign_dir AS foreign_value, repaired_icount
  FROM foreign_pmap
  UNION ALL
  SELECT set_icount, process, cause, handler, interrupt_icount, interrupted_at, switch_icount, switch_at, iret_icount,
    first_use_icount, use_at, use_instruction, verdict, intended, left_at, NULL
  FROM window_hijack
),
steps AS (
  SELECT set_icount, unnest([
  {'icount': set_icount, 'lane': 'base', 'text': process || ' sets the window, or checks it', 'slot': intended, 'is_wrong': false},
  {'icount': interrupt_icount, 'lane': 'handler', 'text': interrupt || coalesce(' (' || handler || ')', '') || ' comes in at ' || interrupted_at, 'slot': NULL, 'is_wrong': false},
  {'icount': switch_icount, 'lane': 'handler', 'text': switch_at || ' sets the window', 'slot': foreign_value, 'is_wrong': true},
  {'icount': iret_icount, 'lane': 'handler', 'text': 'IRET: the window is left as it is', 'slot': NULL, 'is_wrong': false},
  {'icount': use_icount, 'lane': 'base', 'text': use_at || ' uses it without checking: ' || coalesce(instruction, '') || ' (' || verdict || ')', 'slot': NULL, 'is_wrong': true},
  {'icount': repaired_icount, 'lane': 'base', 'text': 'the window is set again', 'slot': NULL, 'is_wrong': false}
], recursive := true)
  FROM hijacks
)
SELECT * FROM steps WHERE icount IS NOT NULL ORDER BY set_icount, icount

-- Window hijack
--
-- An interrupt or another thread set a declared window to another frame while code was using it; the code then stored through the window
-- without checking it again. The alternate map has its own classes.
-- @class 13
-- @severity error
-- @needs window
SELECT run_id, set_icount AS from_icount, last_use_icount AS icount, process, coalesce(interrupted_at, use_at) AS code,
  CASE WHEN interrupt_id IS NULL THEN cause || ' ran after ' || set_at || ' set '
    ELSE cause || ' (' || handler || ') interrupted ' || interrupted_at || ' at icount ' || interrupt_icount || '; ' END
  || CASE WHEN interrupt_id IS NULL THEN '' ELSE switch_at || ' switched ' END
  || 'the window ' || window_name || ' (' || page || ')'
  || CASE WHEN interrupt_id IS NULL THEN ' to frame ' || intended || ', and ' || switch_at || ' switched it to ' || left_at
    ELSE ' from frame ' || intended || ' to ' || left_at END
  || '; back in ' || use_at || ', it was stored through: '
  || CASE WHEN reads + writes > 8 THEN reads || ' reads and ' || writes || ' writes, the first ' || split_part(accesses, ', ', 1)
     ELSE accesses END AS summary,
  'window-hijack' AS query, reads + writes AS uses, writes AS stores
FROM window_hijack WHERE verdict = 'corruption'

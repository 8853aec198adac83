-- Window misread
--
-- Like a window hijack, but the code only read through the window: the value came from a frame other than the intended one.
-- @class window-misread
-- @severity warning
-- @needs window
SELECT run_id, set_icount AS from_icount, last_use_icount AS icount, process, use_at AS code,
  cause || coalesce(' (' || handler || ') interrupted ' || interrupted_at || ' at icount ' || interrupt_icount, ' ran after ' || set_at)
  || '; ' || switch_at || ' switched the window ' || window_name || ' (' || page || ') from frame ' || intended || ' to ' || left_at
  || '; back in ' || use_at || ', it was read: '
  || CASE WHEN reads > 8 THEN reads || ' reads, the first ' || split_part(accesses, ', ', 1) ELSE accesses END AS summary,
  'window-hijack' AS query, reads AS uses, 0::BIGINT AS stores
FROM window_hijack WHERE verdict = 'wrong read'

-- Change written back over
--
-- Code read a declared CR3, CR4 or word, an interrupt or another thread changed it, and the code wrote back its old value. For CR4 this
-- means bits that the other had changed, for CR3 and words the whole value.
-- @class written-back
-- @severity error
-- @needs window
SELECT run_id, set_icount AS from_icount, last_use_icount AS icount, process, use_at AS code,
  set_at || ' read ' || window_name || ' = ' || intended || '; '
  || cause || coalesce(' (' || handler || ') interrupted at icount ' || interrupt_icount || ', and ', ' ran: ')
  || switch_at || ' set it to ' || left_at || '; ' || use_at || ' wrote it back: ' || split_part(accesses, ', ', 1) AS summary,
  'window-hijack' AS query, 1::BIGINT AS uses, 1::BIGINT AS stores
FROM window_hijack WHERE verdict = 'written back'

-- Misuses of the alternate window, one row an incident
--
-- The accesses of window_misuses under the switch, or the end of a directory, that caused them; of class 4 under the setting of the slot
-- that the code relied on. The checks of classes 3, 4, 5, 8 and 15 tell them.
-- @column run_id which of the traces given, from 0
-- @column class 1, 3, 4, 5, 8 or 15
-- @column own_icount icount at which the directory meant was set or looked for
-- @column own_dir the directory meant, physical address
-- @column cause_icount icount of the switch, of the end of the directory, or of the first load of CR3 after which an access came
-- @column cause_eip code that did it; NULL of classes 5 and 8
-- @column dir physical address of the directory that the slot names
-- @column cr3 physical address of the page directory
-- @column icount of the first access
-- @column eip code of the first access
-- @column linear linear address of the first access
-- @column uses accesses
-- @column stores of them, those that stored
SELECT run_id, class, own_icount, own_dir, min(cause_icount) AS cause_icount, arg_min(cause_eip, seq) AS cause_eip, dir, cr3,
  min(icount) AS icount, arg_min(eip, seq) AS eip, arg_min(linear, seq) AS linear,
  count(*) AS uses, count(*) FILTER (access = 'write') AS stores
FROM window_misuses
GROUP BY run_id, class, own_seq, own_icount, own_dir, dir, cr3, CASE WHEN class <> '4' THEN cause_seq END

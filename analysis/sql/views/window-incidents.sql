-- Misuses of the alternate window, one row per incident
--
-- The accesses of window_misuses, grouped by the switch, or the end of a directory, that caused them; for class 4, by the setting of the slot
-- on which the code relied. The checks of classes 3, 4, 5, 8 and 15 report them.
-- @column run_id index of the trace among those given, from 0
-- @column class 1, 3, 4, 5, 8 or 15
-- @column own_icount icount at which the intended directory was set or checked
-- @column own_dir the intended directory, physical address
-- @column cause_icount icount of the switch, of the end of the directory, or of the first load of CR3 that an access followed
-- @column cause_eip code that caused it; NULL for classes 5 and 8
-- @column dir physical address of the directory that the slot names
-- @column cr3 physical address of the page directory
-- @column process owner of that page directory at the first access, comm[pid]
-- @column icount icount of the first access
-- @column eip code of the first access
-- @column linear linear address of the first access
-- @column uses number of accesses
-- @column stores number of these that are stores
SELECT run_id, class, own_icount, own_dir, min(cause_icount) AS cause_icount, arg_min(cause_eip, seq) AS cause_eip, dir, cr3,
  arg_min(process, seq) AS process, min(icount) AS icount, arg_min(eip, seq) AS eip, arg_min(linear, seq) AS linear,
  count(*) AS uses, count(*) FILTER (access = 'write') AS stores
FROM window_misuses
GROUP BY run_id, class, own_seq, own_icount, own_dir, dir, cr3, CASE WHEN class <> '4' THEN cause_seq END

-- Harmful uses of stale TLB entries, one row per place in the code that made them stale
--
-- The rows of stale_uses, grouped by class and by the code of their cause. The checks of classes 6, 7, 9, 10 and 11 report them.
-- @column run_id index of the trace among those given, from 0
-- @column class 6, 7, 9, 10 or 11
-- @column cause_eip code that made the entries stale; NULL if no change was recorded, and for class 7
-- @column cause_icount icount of its first change
-- @column cause_old the slot or entry before the change that preceded the first use
-- @column cause_new the slot or entry after that change
-- @column changes number of changes followed by a use
-- @column icount icount of the first use
-- @column eip code of the first use
-- @column cr3 physical address of the page directory at the first use
-- @column process owner of that page directory, comm[pid]
-- @column linear linear address of the first use
-- @column access kind of the first use: read, write or execute
-- @column used the PTE (or 4 MB PDE) in the TLB at the first use
-- @column fresh the entry that a page walk would have found then, 0 = none
-- @column uses number of uses
-- @column stores number of these that are stores
SELECT run_id, class, cause_eip, min(cause_icount) AS cause_icount, arg_min(cause_old, seq) AS cause_old,
  arg_min(cause_new, seq) AS cause_new, count(DISTINCT cause_seq) AS changes,
  min(icount) AS icount, arg_min(eip, seq) AS eip, arg_min(cr3, seq) AS cr3, arg_min(process, seq) AS process, arg_min(linear, seq) AS linear,
  arg_min(access, seq) AS access, arg_min(used, seq) AS used, arg_min(fresh, seq) AS fresh,
  count(*) AS uses, count(*) FILTER (access = 'write') AS stores
FROM stale_uses
GROUP BY run_id, class, cause_eip

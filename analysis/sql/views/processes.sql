-- The processes seen under each page directory
--
-- `contexts` with the command name as text. pid and comm are valid from icount on, until the next row with the same cr3.
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before
-- @column seq position among all events of the run
-- @column cr3 physical address of the page directory
-- @column process owner of that page directory, comm[pid]
-- @column proc linear address of the process structure, 0 = idle
-- @column pid process id
-- @column comm command name
SELECT
  run_id, icount, seq, cr3, process, proc, pid,
  CASE WHEN proc = 0 THEN '' ELSE
    regexp_extract(
      list_aggregate(
        list_transform(
          range(16),
          i -> chr(((CASE i // 4 WHEN 0 THEN comm0 WHEN 1 THEN comm1 WHEN 2 THEN comm2 ELSE comm3 END) >> (8 * (i % 4)) & 255)::INTEGER)
        ), 'string_agg', ''),
      '^[^\0]*')
  END AS comm
FROM contexts

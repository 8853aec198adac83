-- Modules of a Linux kernel, by the addresses of their symbols
--
-- One row per module whose symbols are among the kernel's (`rewind386 symbols`, /proc/kallsyms), where each has its module in brackets behind its
-- name. Neither file says where a module ends: its last symbol begins at last_address.
-- @column run_id index of the trace among those given, from 0
-- @column name module
-- @column address linear address of its first symbol
-- @column last_address linear address of its last symbol
-- @column functions number of its functions
-- @column symbols number of its symbols
WITH found AS (
  SELECT run_id, address, kind, regexp_extract(name, ' \[(.+)\]$', 1) AS module FROM symbols
)
SELECT run_id, module AS name, min(address) AS address, max(address) AS last_address,
  count(*) FILTER (kind = 'function') AS functions, count(*) AS symbols
FROM found
WHERE module <> ''
GROUP BY run_id, module
ORDER BY run_id, address

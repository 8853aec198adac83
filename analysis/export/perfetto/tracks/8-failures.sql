-- failures
--
-- Signs that the guest failed.
-- @category finding
-- @column icount icount of the event
-- @column name kind, and the text of the guest
-- @column code code that was executing
-- @column address linear address that the failure names
SELECT icount, kind || coalesce(': ' || nullif(text, ''), '') AS name, CASE WHEN eip IS NOT NULL THEN symbol(run_id, eip) END AS code,
  hex32(address) AS address
FROM failures
ORDER BY icount

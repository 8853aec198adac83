-- Bad exit code
--
-- The guest wrote a code to the exit port F4h that does not mean success: neither one given by `record --expect-exit` nor, without
-- that, one of the profile's `exitSuccess`; without both, 0. From the end of the trace.
-- @class bad-exit
-- @severity error
-- @needs end
SELECT f.run_id, f.icount AS from_icount, f.icount, process_text(o.pid, o.comm) AS process,
  symbol_text(s.name, s.address, f.eip) AS code,
  f.text || coalesce('; in ' || symbol_text(s.name, s.address, f.eip), '') AS summary,
  NULL::VARCHAR AS query
FROM failures f
ASOF LEFT JOIN directory_owners o ON o.run_id = f.run_id AND o.dir = f.cr3 AND o.from_icount <= f.icount
ASOF LEFT JOIN symbols s ON s.run_id = f.run_id AND s.address <= f.eip
WHERE f.kind = 'exit_code'

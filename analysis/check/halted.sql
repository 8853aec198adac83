-- Halted for ever
--
-- HLT with interrupts off, or with nothing left that could make one: a kernel that has stopped on purpose does that too, so
-- it is a warning; after a fault or a panic those are errors of their own. From the end of the trace.
-- @class halted
-- @severity warning
-- @needs end
SELECT f.run_id, f.icount AS from_icount, f.icount, process_text(o.pid, o.comm) AS process,
  symbol_text(s.name, s.address, f.eip) AS code,
  f.text || coalesce('; in ' || symbol_text(s.name, s.address, f.eip), '') AS summary,
  NULL::VARCHAR AS query
FROM failures f
ASOF LEFT JOIN directory_owners o ON o.run_id = f.run_id AND o.dir = f.cr3 AND o.from_icount <= f.icount
ASOF LEFT JOIN symbols s ON s.run_id = f.run_id AND s.address <= f.eip
WHERE f.kind = 'halted'

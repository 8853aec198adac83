-- Halted forever
--
-- HLT with interrupts off, or with nothing left that could make one: a kernel that has stopped on purpose does that too, so
-- it is a warning; after a fault or a panic those are errors of their own. From the end of the trace.
-- @class halted
-- @severity warning
-- @needs end
SELECT f.run_id, f.icount AS from_icount, f.icount, owner_text(f.run_id, f.cr3, f.icount) AS process,
  code_at(f.run_id, f.eip) AS code,
  f.text || coalesce('; in ' || code_at(f.run_id, f.eip), '') AS summary,
  NULL::VARCHAR AS query, 1::BIGINT AS uses, 0::BIGINT AS stores
FROM failures f
WHERE f.kind = 'halted'

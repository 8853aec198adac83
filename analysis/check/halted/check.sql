-- Halted forever
--
-- HLT with interrupts disabled, or with no interrupt source left. A kernel may stop this way on purpose, so this is a warning; a preceding
-- fault or panic is an error of its own. Source: the end of the trace.
-- @class halted
-- @severity warning
-- @needs end
SELECT f.run_id, f.icount AS from_icount, f.icount, owner_text(f.run_id, f.cr3, f.icount) AS process,
  code_at(f.run_id, f.eip) AS code,
  f.text || coalesce('; in ' || code_at(f.run_id, f.eip), '') AS summary,
  NULL::VARCHAR AS query, 1::BIGINT AS uses, 0::BIGINT AS stores
FROM failures f
WHERE f.kind = 'halted'

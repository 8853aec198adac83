-- Triple fault
--
-- The processor shut down because of a fault during the delivery of a double fault. Source: the end of the trace.
-- @class triple-fault
-- @severity error
-- @needs end
SELECT f.run_id, f.icount AS from_icount, f.icount, owner_text(f.run_id, f.cr3, f.icount) AS process,
  code_at(f.run_id, f.eip) AS code,
  f.text || coalesce('; in ' || code_at(f.run_id, f.eip), '') AS summary,
  NULL::VARCHAR AS query, 1::BIGINT AS uses, 0::BIGINT AS stores
FROM failures f
WHERE f.kind = 'triple_fault'

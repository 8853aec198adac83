-- Bad exit code
--
-- The guest wrote a code to the exit port F4h that does not mean success. Success is the code given by `record --expect-exit`, else a code
-- in the profile's `exitSuccess`, else 0. Source: the end of the trace.
-- @class bad-exit
-- @severity error
-- @needs end
SELECT f.run_id, f.icount AS from_icount, f.icount, owner_text(f.run_id, f.cr3, f.icount) AS process,
  code_at(f.run_id, f.eip) AS code,
  f.text || coalesce('; in ' || code_at(f.run_id, f.eip), '') AS summary,
  NULL::VARCHAR AS query, 1::BIGINT AS uses, 0::BIGINT AS stores
FROM failures f
WHERE f.kind = 'exit_code'

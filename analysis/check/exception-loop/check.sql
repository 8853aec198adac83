-- Exception without end
--
-- One exception at one instruction 1,000 times and more, with no other between, less than 20,000 instructions apart, up to where
-- the run was stopped. Debug traps,
-- breakpoints and what kernels switch or emulate a coprocessor by do not count, nor do general protection faults of user
-- code, by which virtual-8086 monitors work. From the exceptions recorded.
-- @class exception-loop
-- @severity error
SELECT f.run_id, f.icount AS from_icount, f.icount, owner_text(f.run_id, f.cr3, f.icount) AS process,
  code_at(f.run_id, f.eip) AS code,
  f.text || coalesce('; in ' || code_at(f.run_id, f.eip), '') AS summary,
  NULL::VARCHAR AS query, 1::BIGINT AS uses, 0::BIGINT AS stores
FROM failures f
WHERE f.kind = 'exception_loop'

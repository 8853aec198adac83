-- Exception without end
--
-- One instruction raised the same exception at least 1,000 times, with no other exception in between, less than 20,000 instructions apart,
-- until the recording stopped. Debug traps and breakpoints do not count, nor exceptions by which kernels switch or emulate the coprocessor,
-- nor general protection faults in user code, which virtual-8086 monitors rely on. Source: the recorded exceptions.
-- @class exception-loop
-- @severity error
SELECT f.run_id, f.icount AS from_icount, f.icount, owner_text(f.run_id, f.cr3, f.icount) AS process,
  code_at(f.run_id, f.eip) AS code,
  f.text || coalesce('; in ' || code_at(f.run_id, f.eip), '') AS summary,
  NULL::VARCHAR AS query, 1::BIGINT AS uses, 0::BIGINT AS stores
FROM failures f
WHERE f.kind = 'exception_loop'

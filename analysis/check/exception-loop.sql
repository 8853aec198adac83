-- Exception without end
--
-- One exception at one instruction 1,000 times and more, with no other between, less than 20,000 instructions apart, up to where
-- the run was stopped. Debug traps,
-- breakpoints and what kernels switch or emulate a coprocessor by do not count, nor do general protection faults of user
-- code, by which virtual-8086 monitors work. From the exceptions recorded.
-- @class exception-loop
-- @severity error
SELECT f.run_id, f.icount AS from_icount, f.icount, process_text(o.pid, o.comm) AS process,
  symbol_text(s.name, s.address, f.eip) AS code,
  f.text || coalesce('; in ' || symbol_text(s.name, s.address, f.eip), '') AS summary,
  NULL::VARCHAR AS query
FROM failures f
ASOF LEFT JOIN directory_owners o ON o.run_id = f.run_id AND o.dir = f.cr3 AND o.from_icount <= f.icount
ASOF LEFT JOIN symbols s ON s.run_id = f.run_id AND s.address <= f.eip
WHERE f.kind = 'exception_loop'

-- Interrupt hijack
--
-- While kernel code was using the alternate map, an interrupt handler switched the map; the code then used the window without checking
-- the slot again.
-- @class 1
-- @severity error
-- @needs alternate_map
SELECT run_id, set_icount AS from_icount, first_access_icount AS icount, process, interrupted_at AS code,
  interrupt || ' (' || handler || ') interrupted ' || process || ' in ' || interrupted_at || ' at icount ' || interrupt_icount
  || '; ' || switch_at || ' switched the alternate map from ' || intended_dir || ' (' || intended_owner || ') to ' || foreign_dir
  || ' (' || foreign_owner || '); back in ' || access_at || ', ' || process
  || CASE WHEN writes > 0 THEN ' stored through it: ' ELSE ' read through it: ' END
  || CASE WHEN reads + writes > 32 THEN reads || ' reads and ' || writes || ' writes, the first ' || split_part(accesses, ', ', 1)
     ELSE accesses END AS summary,
  'foreign-pmap' AS query, reads + writes AS uses, writes AS stores
FROM foreign_pmap

-- The owner of each page directory, by parts of the run
--
-- The rows of directory_owners, one for each part of 2^24 instructions that they reach into. A join finds the owner at an icount by the
-- equality of dir and part, however often a frame was a directory: owner_at and owner_text do.
-- @kept
-- @column run_id index of the trace among those given, from 0
-- @column dir physical address of the page directory
-- @column part icount >> 24
-- @column from_icount first icount at which it belongs to this process
-- @column to_icount icount at which that ends (exclusive); 2^53-1 if it does not end
-- @column pid process id; NULL if no process ever ran under it
-- @column comm command name; NULL if no process ever ran under it
SELECT run_id, dir, unnest(range(owner_part(from_icount), owner_part(least(to_icount - 1, instructions)) + 1)) AS part,
  from_icount, to_icount, pid, comm
FROM directory_owners JOIN run USING (run_id)

-- The last writes of the page-table entries behind an address that a failure names
--
-- Up to four rows per failure with an address: the writes of the PTE and the PDE of that address in the live directory, and the last store
-- to each in any other address space, where a kernel may have put the entry by mistake.
-- @column run_id index of the trace among those given, from 0
-- @column kind kind of the failure
-- @column icount icount of the failure
-- @column address linear address that the failure names
-- @column level pte or pde
-- @column directory physical address of the directory that the entry belongs to, bytes
-- @column is_live true if that directory was live
-- @column write_icount icount of the write
-- @column write_seq position of the write among all events of the run
-- @column eip code that wrote
-- @column depth interrupt frames open at the write, 0 = none
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column old the entry before
-- @column new the entry after
WITH named AS (
  SELECT run_id, kind, icount, address, coalesce(seq, after_all()) AS seq, frame_of(cr3) AS live,
    page_of(address) AS vpn, slot_of(address) AS slot
  FROM failures WHERE address IS NOT NULL
),
ptes AS (
  SELECT * FROM paging_writes WHERE level = 'pte' AND source <> 'accessed_dirty' AND vpn IN (SELECT vpn FROM named)
),
pdes AS (
  SELECT * FROM paging_writes WHERE level = 'pde' AND source <> 'accessed_dirty' AND slot IN (SELECT slot FROM named)
),
found AS (
  SELECT n.*, w.level::VARCHAR AS level, w.dir AS directory, w.icount AS write_icount, w.seq AS write_seq, w.eip, w.depth, w.esp, w.old, w.new
  FROM named n
  ASOF JOIN ptes w
    ON w.run_id = n.run_id AND w.dir = n.live AND w.vpn = n.vpn AND w.seq <= n.seq
  UNION ALL
  SELECT n.*, w.level::VARCHAR, w.dir, w.icount, w.seq, w.eip, w.depth, w.esp, w.old, w.new
  FROM named n
  ASOF JOIN pdes w
    ON w.run_id = n.run_id AND w.dir = n.live AND w.slot = n.slot AND w.seq <= n.seq
  UNION ALL
  SELECT n.*, w.level::VARCHAR, w.dir, w.icount, w.seq, w.eip, w.depth, w.esp, w.old, w.new
  FROM named n
  ASOF JOIN (SELECT * FROM ptes WHERE source = 'store') w
    ON w.run_id = n.run_id AND w.vpn = n.vpn AND w.seq <= n.seq
  WHERE w.dir <> n.live
  UNION ALL
  SELECT n.*, w.level::VARCHAR, w.dir, w.icount, w.seq, w.eip, w.depth, w.esp, w.old, w.new
  FROM named n
  ASOF JOIN (SELECT * FROM pdes WHERE source = 'store') w
    ON w.run_id = n.run_id AND w.slot = n.slot AND w.seq <= n.seq
  WHERE w.dir <> n.live
)
SELECT run_id, kind, icount, address, level, directory, directory = live AS is_live,
  write_icount, write_seq, eip, depth, esp, old, new
FROM found

-- Values of each window over time
--
-- One row per value of each PTE or PDE of a window (the alternate map has one in each page directory), of its control register, or of
-- its word. In a kernel with a recursive map, the entry of a page directory ends with its directory. Writes count from any source and through
-- any mapping; accessed and dirty bits that the processor sets are not new values.
-- @column run_id index of the trace among those given, from 0
-- @column window_id number of the window (windows.window_id)
-- @column window_name name of the window in the profile; alternate for the alternate map
-- @column kind kind of the window: pages, slot, cr3, cr4 or word
-- @column entry physical address of the PTE, PDE or word; 0 for a control register
-- @column dir physical address of the page directory to which the entry belongs; 0 for a control register or a word
-- @column page linear address that the entry maps; for a word, its own address; for a control register, 0
-- @column value the entry, register or word
-- @column eip code that set it
-- @column frame_id interrupt frame that set it (interrupts.id), 0 = none
-- @column cr3 live page directory at that write, physical address
-- @column process owner of that page directory, comm[pid]
-- @column from_icount icount of the instruction that set it
-- @column from_seq position of the write among all events of the run
-- @column to_icount icount of the next value, or of the end of the directory; 2^53-1 if there is none
-- @column to_seq position of that; NULL if there is none
WITH declared AS (
  SELECT run_id, window_id, name AS window_name, kind::VARCHAR AS kind, linear, page_of(linear) AS first_page,
    page_of(linear) + pages AS end_page, CASE kind WHEN 'slot' THEN 'pde' WHEN 'pages' THEN 'pte' END AS level
  FROM windows
),
sets AS NOT MATERIALIZED (
  SELECT d.run_id, d.window_id, d.window_name, d.kind, w.physical AS entry, w.dir, address_of(w.vpn) AS page, w.new AS value,
    w.eip, w.frame_id, w.cr3, w.process, w.icount, w.seq
  FROM paging_writes w
  JOIN declared d ON d.run_id = w.run_id AND d.level = w.level::VARCHAR AND w.vpn >= d.first_page AND w.vpn < d.end_page
  WHERE w.source <> 'accessed_dirty'
  UNION ALL
  SELECT d.run_id, d.window_id, d.window_name, d.kind, 0::UINTEGER, 0::UINTEGER, 0::UINTEGER, c.new, c.eip, c.frame_id, c.cr3, c.process, c.icount, c.seq
  FROM control_writes c JOIN declared d ON d.run_id = c.run_id AND d.kind = c.reg::VARCHAR
  UNION ALL
  SELECT d.run_id, d.window_id, d.window_name, d.kind, s.entry, 0::UINTEGER, s.page, s.new, s.eip, s.frame_id, s.cr3, s.process, s.icount, s.seq
  FROM window_switches s JOIN declared d ON d.run_id = s.run_id AND d.window_id = s.window_id AND d.kind = 'word'
  WHERE s.op = 'write'
  UNION ALL
  SELECT d.run_id, d.window_id, d.window_name, d.kind, pde_address(e.dir, d.linear)::UINTEGER, e.dir, d.linear, NULL, NULL, NULL, NULL, NULL, e.icount, e.seq
  FROM directory_ends e JOIN declared d ON d.run_id = e.run_id AND d.kind = 'slot'
  WHERE e.ended
),
-- Of each set the next alone: to sort whole rows takes twice the time and memory.
following AS (
  SELECT run_id, window_id, entry, seq, value IS NULL AS is_end, lead(icount) OVER next AS to_icount, lead(seq) OVER next AS to_seq
  FROM sets
  WINDOW next AS (PARTITION BY run_id, window_id, entry ORDER BY seq)
)
SELECT s.run_id, s.window_id, s.window_name, s.kind, s.entry, s.dir, s.page, s.value, s.eip, s.frame_id, s.cr3, s.process,
  s.icount AS from_icount, s.seq AS from_seq, coalesce(f.to_icount, forever()) AS to_icount, f.to_seq
FROM sets s
JOIN following f ON f.run_id = s.run_id AND f.window_id = s.window_id AND f.entry = s.entry AND f.seq = s.seq AND NOT f.is_end
WHERE s.value IS NOT NULL

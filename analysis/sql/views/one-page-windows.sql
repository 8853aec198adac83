-- Undeclared kernel pages through which page tables are written one after the other
--
-- Such pages are PMAP1, CMAP or a kmap slot: the kernel sets the PTE of the page to a page table, and stores to the table through it.
-- @column run_id index of the trace among those given, from 0
-- @column page linear page number
SELECT w.run_id, page_of(w.linear) AS page
FROM paging_writes w
LEFT JOIN windows d ON d.run_id = w.run_id AND page_of(w.linear) >= page_of(d.linear) AND page_of(w.linear) < page_of(d.linear) + d.pages
WHERE w.source = 'store' AND w.via = 'direct' AND d.run_id IS NULL
GROUP BY ALL HAVING count(DISTINCT frame_of(w.physical)) > 1

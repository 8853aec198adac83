-- Single events, for the timeline of a report: all of a kind if they are few, otherwise those near the findings
--
-- For the command `report`. Without the page-table writes, which have more columns (report-paging).
-- @param near stretches, as 'from-to from-to'
-- @param most maximum number per kind
-- @column track kind of the event, as in report-density
-- @column icount when
-- @column label one line
-- @column detail further text; NULL if there is none
-- @column eip the code; NULL if not caused by code
-- @column frame_id interrupts.id of the innermost open frame; 0 for none
-- @column directory for a page fault: the page directory, physical address; otherwise NULL
-- @column linear for a page fault: the address; otherwise NULL
-- @column whole true if all events of the kind are rows
WITH near AS (
  SELECT split_part(part, '-', 1)::BIGINT AS first, split_part(part, '-', 2)::BIGINT AS last
  FROM (SELECT unnest(string_split($near, ' ')) AS part)
),
events AS (
  SELECT 'page faults' AS track, run_id, icount, seq, eip, frame_id, cr3, cr2 AS address, error_code AS a, 0 AS b FROM exceptions WHERE vector = 14
  UNION ALL SELECT 'CR3 loads', run_id, icount, seq, eip, frame_id, cr3, NULL, new, old FROM control_writes WHERE reg = 'cr3'
  UNION ALL SELECT 'disk commands', run_id, icount, 0, NULL, 0, NULL, NULL, value, 0 FROM inputs WHERE kind = 'disk_latency'
  UNION ALL SELECT 'stale translations', run_id, icount, seq, eip, frame_id, cr3, linear, used, fresh FROM tlb_events WHERE op = 'stale_use'
),
counted AS (SELECT track, count(*) AS n FROM events GROUP BY track),
chosen AS (
  SELECT e.*, c.n <= $most AS whole
  FROM events e JOIN counted c USING (track)
  WHERE c.n <= $most OR EXISTS (FROM near WHERE e.icount >= first AND e.icount < last)
  QUALIFY row_number() OVER (PARTITION BY e.track ORDER BY e.icount, e.seq) <= $most
)
SELECT track, icount,
  CASE track
    WHEN 'page faults' THEN 'page fault at ' || hex32(address)
    WHEN 'CR3 loads' THEN 'CR3 ' || hex32(a) || CASE WHEN a = b THEN ', as it was' ELSE '' END
    WHEN 'disk commands' THEN 'a disk command, of ' || a || ' instructions'
    ELSE 'stale translation of ' || hex32(address) END AS label,
  CASE track
    WHEN 'page faults' THEN CASE WHEN was_write(a) THEN 'write' ELSE 'read' END || CASE WHEN was_user(a) THEN ' by user code' ELSE ' by the kernel' END
      || CASE WHEN was_present(a) THEN ', not allowed' ELSE ', not present' END || ', ' || owner_text(run_id, frame_of(cr3), icount)
    WHEN 'CR3 loads' THEN owner_text(run_id, frame_of(a), icount)
    WHEN 'disk commands' THEN NULL
    ELSE 'used ' || pte_text(a) || ', the tables have ' || pte_text(b) END AS detail,
  eip, frame_id,
  CASE track WHEN 'page faults' THEN frame_of(cr3) END AS directory, CASE track WHEN 'page faults' THEN address END AS linear, whole
FROM chosen ORDER BY track, icount, seq

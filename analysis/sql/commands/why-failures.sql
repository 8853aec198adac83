-- The failures of a run, the worst first, and with an instant every exception before it
--
-- For the command `why`.
-- @param at icount up to which exceptions are included; -1 for none
-- @column kind of a failure, or exception
-- @column icount instructions retired before
-- @column seq position among all events; NULL if only the end of the trace shows it
-- @column eip linear address of the code; NULL if unknown
-- @column code its name
-- @column process process whose page directory was live
-- @column cr3 physical address of the page directory, bytes
-- @column vector exception vector; NULL unless it is one
-- @column address linear address that it names
-- @column undelivered true when the exception could not be delivered
-- @column words the evidence, as text
WITH told AS (
  SELECT f.kind::VARCHAR AS kind, f.icount, f.seq, f.eip, f.cr3, f.vector, f.address, f.text AS words, row_number() OVER () AS n
  FROM failures f
  UNION ALL
  SELECT 'exception', icount, seq, eip, cr3, vector, CASE WHEN vector = 14 THEN cr2 END,
    'exception ' || vector || CASE WHEN vector = 14 THEN ': ' || CASE WHEN was_write(error_code) THEN 'write' ELSE 'read' END || ' of ' || hex32(cr2)
      || CASE WHEN was_present(error_code) THEN ', which its entry does not allow' ELSE ', not present' END ELSE '' END, 1000 + seq
  FROM exceptions WHERE icount <= $at::BIGINT
)
SELECT t.kind, t.icount, t.seq, t.eip, CASE WHEN t.eip IS NOT NULL THEN symbol(0, t.eip) END AS code, CASE WHEN t.cr3 IS NOT NULL THEN owner_text(0, frame_of(t.cr3), t.icount) END AS process, t.cr3, t.vector, t.address,
  coalesce(e.handler = 0, false) AS undelivered, t.words
FROM told t LEFT JOIN exceptions e ON e.seq = t.seq AND t.vector IS NOT NULL
ORDER BY t.n

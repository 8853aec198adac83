-- Hardware interrupts, for the timeline of a report: the longest, in order
--
-- For the command `report`. A lane is how deep an interrupt is nested in others that returned.
-- @param most how many rows at most
-- @column from_icount delivery
-- @column to_icount its IRET, or the end of the run
-- @column label IRQ and handler
-- @column detail where it came in
-- @column eip code interrupted
-- @column frame_id interrupts.id of what it interrupted; 0 for none
-- @column lane interrupts that it is nested in
-- @column left_out interrupts that are no row
WITH hardware AS (
  SELECT run_id, id, parent AS frame_id, icount AS from_icount, coalesce(iret_icount, abandoned_icount, end_of_run(run_id)) AS to_icount, seq, iret_icount IS NOT NULL AS returned,
    interrupt_text(irq, vector, source) || ' ' || symbol(run_id, handler) AS label,
    'came in at ' || symbol(run_id, eip) || ', after waiting ' || (icount - raise_icount) || ' instructions' AS detail, eip
  FROM interrupts WHERE irq IS NOT NULL
),
nested AS (
  SELECT h.id, count(o.id) AS lane
  FROM hardware h LEFT JOIN hardware o ON o.from_icount <= h.from_icount AND o.seq < h.seq AND o.to_icount > h.from_icount AND o.returned
  GROUP BY h.id
)
SELECT from_icount, to_icount, label, detail, eip, frame_id, least(lane, 3) AS lane, greatest(count(*) OVER () - $most, 0) AS left_out
FROM hardware JOIN nested USING (id)
QUALIFY row_number() OVER (ORDER BY to_icount - from_icount DESC) <= $most
ORDER BY from_icount

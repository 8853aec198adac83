-- Interrupts that waited, for the timeline of a report: the longest, in order
--
-- For the command `report`. A line was raised but its interrupt not delivered: interrupts were off (EFLAGS.IF), the line was masked, or a
-- higher priority was in service. Each line has its own lane.
-- @param most maximum number of rows
-- @column from_icount when the line rose
-- @column to_icount delivery
-- @column label the line
-- @column detail the interrupted code
-- @column eip code that was interrupted
-- @column lane number of the line
-- @column left_out number of waits omitted
WITH waits AS (
  SELECT run_id, raise_icount AS from_icount, icount AS to_icount, 'IRQ ' || irq || ' waits' AS label, eip,
    least(dense_rank() OVER (ORDER BY irq) - 1, 3) AS lane
  FROM interrupts WHERE irq IS NOT NULL AND icount > raise_icount
)
SELECT from_icount, to_icount, label, eip, lane, 'it comes in at ' || symbol(run_id, eip) AS detail,
  greatest(count(*) OVER () - $most, 0) AS left_out
FROM waits
QUALIFY row_number() OVER (ORDER BY to_icount - from_icount DESC, from_icount) <= $most
ORDER BY from_icount

-- Hardware interrupts, for the timeline of a report: the longest, in order
--
-- For the command `report`. The lane is the nesting of an interrupt in others that returned.
-- @param most maximum number of rows
-- @column from_icount delivery
-- @column to_icount its IRET, or the end of the run
-- @column label IRQ and handler
-- @column detail the interrupted code
-- @column eip code interrupted
-- @column frame_id interrupts.id of the interrupted frame; 0 for none
-- @column lane number of interrupts around it
-- @column left_out number of interrupts omitted
WITH hardware AS (
  SELECT *, coalesce(iret_icount, abandoned_icount, end_of_run(run_id)) AS to_icount FROM interrupts WHERE irq IS NOT NULL
),
-- An interrupt outlasts those nested in it, so a chosen one is chosen with all interrupts around it.
chosen AS (
  SELECT *, greatest(count(*) OVER () - $most, 0) AS left_out FROM hardware
  QUALIFY row_number() OVER (ORDER BY to_icount - icount DESC, seq) <= $most
),
-- Begins and ends of the interrupts that returned; at one icount, ends come first.
points AS (
  SELECT id, icount AS happens, 1 AS after, seq, (iret_icount IS NOT NULL)::INTEGER AS change FROM chosen
  UNION ALL
  SELECT NULL, to_icount, 0, 0, -1 FROM chosen WHERE iret_icount IS NOT NULL
),
nested AS (
  SELECT id, coalesce(sum(change) OVER (ORDER BY happens, after, seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS lane
  FROM points
  QUALIFY id IS NOT NULL
)
SELECT icount AS from_icount, to_icount, interrupt_text(irq, vector, source) || ' ' || symbol(run_id, handler) AS label,
  'came in at ' || symbol(run_id, eip) || ', after waiting ' || (icount - raise_icount) || ' instructions' AS detail,
  eip, parent AS frame_id, least(lane, 3) AS lane, left_out
FROM chosen JOIN nested USING (id)
ORDER BY from_icount

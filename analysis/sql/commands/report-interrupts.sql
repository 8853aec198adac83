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
  SELECT *, coalesce(iret_icount, abandoned_icount, end_of_run(run_id)) AS to_icount FROM interrupts WHERE irq IS NOT NULL
),
-- An interrupt outlasts those nested in it, so that what is chosen has all around it.
chosen AS (
  SELECT *, greatest(count(*) OVER () - $most, 0) AS left_out FROM hardware
  QUALIFY row_number() OVER (ORDER BY to_icount - icount DESC, seq) <= $most
),
-- Those that returned, at their begin and at their end: what comes first at one icount is the end.
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

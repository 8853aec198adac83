-- Interrupts of every kind, for the causes of a report's events: all if they are few, otherwise those near the findings
--
-- For the command `report`.
-- @param near stretches, as 'from-to from-to'
-- @param most maximum number of rows
-- @column id interrupts.id
-- @column parent interrupts.id of the interrupted frame; 0 for none
-- @column icount delivery
-- @column to_icount its IRET, or the end of the run
-- @column label IRQ or INT, and the handler
-- @column eip code interrupted
WITH near AS (
  SELECT split_part(part, '-', 1)::BIGINT AS first, split_part(part, '-', 2)::BIGINT AS last
  FROM (SELECT unnest(string_split($near, ' ')) AS part)
),
ended AS (
  SELECT *, coalesce(iret_icount, abandoned_icount, end_of_run(run_id)) AS to_icount, count(*) OVER () AS n FROM interrupts
)
SELECT e.id, e.parent, e.icount, e.to_icount,
  interrupt_text(e.irq, e.vector, e.source) || ' (' || symbol(e.run_id, e.handler) || ')' AS label, e.eip
FROM ended e
WHERE e.n <= $most OR EXISTS (FROM near WHERE e.icount < last AND e.to_icount >= first)
ORDER BY e.seq
LIMIT $most

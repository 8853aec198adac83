-- Chains of nested interrupts, with their counts and durations
--
-- One row per chain of nested interrupts: how often it occurred, how often it ended in a masked stub that called no handler, and the
-- instructions from delivery to IRET, including those of nested interrupts. For folded deliveries (interrupts.count) the instructions are
-- those of the first. A chain begins with an interrupt outside any interrupt frame, or inside a folded one.
-- @column run_id index of the trace among those given, from 0
-- @column chain IRQs, INTs and SYSENTERs from the outermost to the innermost
-- @column depth frames in the chain
-- @column deliveries number of deliveries
-- @column without_handler deliveries to a masked stub that called no handler
-- @column still_open deliveries still open at the end of the trace
-- @column min_instructions fewest instructions from delivery to IRET
-- @column mean_instructions mean of the instructions, rounded
-- @column max_instructions most instructions from delivery to IRET
-- @column handler function entered by the innermost interrupt
WITH RECURSIVE labelled AS (
  SELECT run_id, id, parent, depth, reached, count, iret_icount - icount AS instructions,
    interrupt_text(irq, vector, source) AS label, handler
  FROM interrupts
),
chains AS (
  SELECT run_id, id, label AS chain, depth, reached, count, instructions, handler FROM labelled l
  WHERE NOT EXISTS (FROM labelled p WHERE p.run_id = l.run_id AND p.id = l.parent)
  UNION ALL
  SELECT l.run_id, l.id, c.chain || ' > ' || l.label, l.depth, l.reached, l.count, l.instructions, l.handler
  FROM chains c JOIN labelled l ON l.run_id = c.run_id AND l.parent = c.id
),
summary AS (
  SELECT run_id, chain, depth, handler, sum(count)::BIGINT AS deliveries,
    coalesce(sum(count) FILTER (reached = 0), 0)::BIGINT AS without_handler,
    count(*) FILTER (instructions IS NULL) AS still_open,
    min(instructions) AS min_instructions, round(avg(instructions))::BIGINT AS mean_instructions, max(instructions) AS max_instructions
  FROM chains GROUP BY ALL
)
SELECT m.* EXCLUDE (handler), symbol(m.run_id, m.handler) AS handler
FROM summary m
ORDER BY m.run_id, m.chain

-- Stretches with interrupts held off, for the timeline of a report: the longest, in order
--
-- For the command `report`: the rows of interrupts_off. Each way has its own lane, EFLAGS.IF below the others.
-- @param most maximum number of rows
-- @column what if, pic or spl
-- @column from_icount when it began
-- @column to_icount when it changed
-- @column label the cause, and the lines held off
-- @column eip code that held them off
-- @column frame_id interrupts.id of the innermost open frame; 0 for none
-- @column lane from 0
-- @column left_out number of stretches omitted
WITH stretches AS (
  SELECT what, mask, eip, frame_id, from_icount, from_seq, least(to_icount, end_of_run(run_id)) AS to_icount,
    -- The second chip has the upper eight lines.
    CASE what WHEN 'if' THEN 3 WHEN 'spl' THEN 0 WHEN 'pic' THEN CASE WHEN mask < 256 THEN 1 ELSE 2 END END AS place
  FROM interrupts_off
)
SELECT what, from_icount, to_icount,
  CASE what WHEN 'if' THEN 'IF = 0' WHEN 'spl' THEN 'spl holds off ' || irqs_text(mask) ELSE '8259 masks ' || irqs_text(mask) END AS label,
  eip, frame_id, dense_rank() OVER (ORDER BY place) - 1 AS lane, greatest(count(*) OVER () - $most, 0) AS left_out
FROM stretches
QUALIFY row_number() OVER (ORDER BY to_icount - from_icount DESC, from_seq) <= $most
ORDER BY from_icount, from_seq

-- interrupt latency
--
-- The time of each hardware interrupt between the rise of its line and its delivery.
-- @category counter
-- @column icount delivery
-- @column name unit
-- @column counter instructions
SELECT icount, 'instructions' AS name, icount - raise_icount AS counter
FROM interrupts WHERE irq IS NOT NULL AND raise_icount IS NOT NULL
ORDER BY icount, seq

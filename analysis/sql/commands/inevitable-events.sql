-- The events of a stretch of a run: interrupts, latencies drawn, switches of the alternate map inside interrupts, misuses of it, failures
--
-- For the command `inevitable`. Software interrupts of the kernel by a vector of an IRQ count: a kernel delivers so what its spl held off.
-- @param from icount, exclusive
-- @param to icount
-- @column icount the instant
-- @column happened the event as text
WITH irq_vectors AS (SELECT DISTINCT vector FROM interrupts WHERE run_id = 0 AND irq IS NOT NULL)
SELECT icount, happened
FROM (
  SELECT icount, seq, interrupt_text(irq, vector, source) || ' (' || symbol(run_id, handler) || ') interrupted ' || symbol(run_id, eip) AS happened
  FROM interrupts
  WHERE run_id = 0 AND (irq IS NOT NULL OR interrupted_cpl = 0 AND vector IN (FROM irq_vectors))
  UNION ALL
  SELECT a.icount, a.seq, symbol(a.run_id, a.eip) || ' switched the alternate map from ' || hex32(present_frame(a.old)) || ' to '
    || hex32(present_frame(a.new)) || ', inside ' || interrupt_text(i.irq, i.vector, i.source)
  FROM aptd_switches a JOIN interrupts i ON i.run_id = a.run_id AND i.id = a.frame_id
  WHERE a.run_id = 0 AND a.op = 'write' AND (i.irq IS NOT NULL OR i.interrupted_cpl = 0 AND i.vector IN (FROM irq_vectors))
  UNION ALL
  SELECT icount, seq, symbol(run_id, eip) || ' ' || CASE access WHEN 'write' THEN 'stored' ELSE 'read' END
    || ' through an alternate map that it had not set (class ' || class || ')'
  FROM window_misuses
  WHERE run_id = 0
  UNION ALL
  SELECT icount, 0, kind || ' of ' || value || ' was drawn'
  FROM inputs
  WHERE run_id = 0
  UNION ALL
  SELECT icount, coalesce(seq, 0), text
  FROM failures
  WHERE run_id = 0
)
WHERE icount > $from::BIGINT AND icount <= $to::BIGINT
ORDER BY icount, seq

-- Stretches in which interrupts were held off, and by what
--
-- One row for each stretch in which at least one IRQ was held off: by EFLAGS.IF (replay --detail if_changes), by the mask of an 8259
-- (--detail port_io), or by the kernel's interrupt priority level, if a window of kind word named spl declares the variable with one bit for
-- each IRQ held off (replay --window). There are no rows for sources that were not recorded, nor before the first recorded change.
-- @column run_id index of the trace among those given, from 0
-- @column what if, pic or spl
-- @column mask IRQs held off, bit n = IRQ n; all of them for if
-- @column eip code that held them off; for an interrupt gate, the first instruction of the handler
-- @column cpl current privilege level, 0-3
-- @column depth interrupt frames open, 0 = none
-- @column frame_id id of the innermost open interrupt frame, 0 = none
-- @column cr3 physical address of the page directory, bytes
-- @column process process that owned the directory, comm[pid]
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column from_icount icount of the instruction that held them off
-- @column from_seq position of its event among all events of the run
-- @column to_icount icount of the next change; 2^53-1 if there was none
-- @column to_seq position of its event; NULL if there was none
-- @column instructions retired in between; NULL if the stretch did not end
WITH flags AS (
  SELECT run_id, seq, icount, eip, cpl, depth, frame_id, cr3, process, esp, 'if' AS what, 0 AS chip,
    CASE enabled WHEN 0 THEN all_irqs() ELSE 0 END AS mask
  FROM if_changes
),
-- After ICW1, the second port of a chip receives ICW2 and, as selected in ICW1, ICW3 and ICW4 (8259A, figures 7 and 8).
outs AS (
  SELECT *, port // 128 AS chip, port % 2 = 0 AND value // 16 % 2 = 1 AS is_icw1 FROM port_io
  WHERE op = 'out' AND port IN (pic_port(), pic_port() + 1, pic_port() + 128, pic_port() + 129)
),
counted AS (
  SELECT *, count(*) FILTER (is_icw1) OVER sofar AS setups, last_value(CASE WHEN is_icw1 THEN value END IGNORE NULLS) OVER sofar AS icw1
  FROM outs
  WINDOW sofar AS (PARTITION BY run_id, chip ORDER BY seq)
),
masks AS (
  SELECT *, row_number() OVER (PARTITION BY run_id, chip, setups ORDER BY seq) AS place FROM counted WHERE port % 2 = 1
),
chips AS (
  SELECT run_id, seq, icount, eip, cpl, depth, frame_id, cr3, process, esp, 'pic', chip, (value & 255) * CASE chip WHEN 1 THEN 256 ELSE 1 END
  FROM masks
  WHERE setups = 0 OR place > 1 + CASE WHEN icw1 // 2 % 2 = 1 THEN 0 ELSE 1 END + icw1 % 2
),
levels AS (
  SELECT s.run_id, s.seq, s.icount, s.eip, s.cpl, s.depth, s.frame_id, s.cr3, s.process, s.esp, 'spl', 0, s.new
  FROM window_switches s JOIN windows w ON w.run_id = s.run_id AND w.window_id = s.window_id
  WHERE s.op = 'write' AND w.kind = 'word' AND w.name = 'spl'
),
spans AS (
  SELECT *, lead(icount) OVER next AS next_icount, lead(seq) OVER next AS to_seq
  FROM (FROM flags UNION ALL FROM chips UNION ALL FROM levels)
  WINDOW next AS (PARTITION BY run_id, what, chip ORDER BY seq)
)
SELECT run_id, what, mask::UINTEGER AS mask, eip, cpl, depth, frame_id, cr3, process, esp,
  icount AS from_icount, seq AS from_seq, coalesce(next_icount, forever()) AS to_icount, to_seq, next_icount - icount AS instructions
FROM spans WHERE mask <> 0

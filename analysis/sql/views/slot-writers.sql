-- Interrupt frames that wrote the alternate slot, with every frame around them
--
-- One row per frame and ancestor (the frame itself included). base_frame_id is the frame that the ancestor interrupted; the
-- ancestor lasts from seq to iret_seq (NULL while open).
-- @column run_id index of the trace among those given, from 0
-- @column id interrupts.id of the frame that wrote the slot
-- @column ancestor interrupts.id of a frame it is nested in, itself included
-- @column base_frame_id interrupts.id of what the ancestor interrupted, 0 = no frame
-- @column seq position of the ancestor's delivery among all events
-- @column iret_seq position of its IRET; NULL while open
-- @column thread kernel stack of the code that the ancestor interrupted, 0 before the first switch of stacks
WITH RECURSIVE chain AS (
  SELECT DISTINCT i.run_id, i.id, i.id AS ancestor, i.parent, i.seq, i.iret_seq, i.thread
  FROM aptd_switches s JOIN interrupts i ON i.run_id = s.run_id AND i.id = s.frame_id
  WHERE s.op = 'write'
  UNION ALL
  SELECT c.run_id, c.id, i.id, i.parent, i.seq, i.iret_seq, i.thread
  FROM chain c JOIN interrupts i ON i.run_id = c.run_id AND i.id = c.parent
  WHERE c.parent <> 0
)
SELECT c.run_id, c.id, c.ancestor, c.parent AS base_frame_id, c.seq, c.iret_seq, c.thread
FROM chain c

-- The interrupt in which code ran, and the stale translations that it used
--
-- For the command `why`.
-- @param frame interrupts.id of the innermost frame that the code is inside of, 0 = none
-- @param icount of the instruction
-- @column interrupt the interrupt; NULL for none
-- @column handler function entered
-- @column interrupt_icount when it was delivered
-- @column interrupted_code the interrupted code
-- @column process the interrupted process
-- @column stale linear address reached by a stale translation; NULL if none
-- @column stale_entry entry that the translation was filled from
-- @column fresh_entry the current value of that entry
WITH stale AS (SELECT linear, used, fresh FROM tlb_events WHERE icount = $icount::BIGINT AND op = 'stale_use' ORDER BY seq LIMIT 1),
interrupt AS (FROM interrupts WHERE id = $frame::BIGINT)
SELECT interrupt_text(i.irq, i.vector, i.source) AS interrupt, symbol(0, i.handler) AS handler, i.icount AS interrupt_icount,
  symbol(0, i.eip) AS interrupted_code, owner_text(0, frame_of(i.cr3), i.icount) AS process,
  hex32(s.linear) AS stale, pte_text(s.used) AS stale_entry, pte_text(s.fresh) AS fresh_entry
FROM (SELECT 1) LEFT JOIN interrupt i ON true LEFT JOIN stale s ON true

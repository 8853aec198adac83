-- Translations that the TLB may hold, over time
--
-- One row per present value of a PTE, or of the PDE of a 4 MB page, from its write to the flush after which no TLB can hold it. Between the
-- write of the next value and that flush, an access may still use the old value. A flush is a load of CR3 (except for a global entry),
-- another flush of all entries, or an INVLPG of a page that the entry maps. Fills and evictions are not recorded, so the TLB may never have
-- held the value. If the kernel loads CR3 with another directory and back, its entries are gone as well.
-- @column run_id index of the trace among those given, from 0
-- @column physical physical address of the entry, bytes
-- @column level pde or pte
-- @column dir physical address of the page directory that the entry belonged to when it was written
-- @column vpn linear page number (linear >> 12) that the entry maps; for a PDE, slot << 10
-- @column entry the entry: frame and bits
-- @column from_icount icount of the write
-- @column from_seq position of the write among all events of the run
-- @column next_entry the next value of the entry; NULL if there is none
-- @column changed_icount icount at which the next value was written; NULL if there is none
-- @column changed_seq position of that write; NULL if there is none
-- @column changed_eip code that wrote it; NULL if there is none
-- @column to_icount icount of the flush; 2^53-1 if there was none
-- @column to_seq position of the flush; NULL if there was none
-- @column flush cr3, flush or invlpg; NULL if there was none
-- @column lowers true if the next value takes something away: the page, its frame, write access, or access by user code
WITH changes AS (
  SELECT run_id, physical, level, dir, vpn, new AS entry, icount AS from_icount, seq AS from_seq,
    lead(new) OVER next AS next_entry, lead(icount) OVER next AS changed_icount, lead(seq) OVER next AS changed_seq,
    lead(eip) OVER next AS changed_eip
  FROM paging_writes
  WHERE source <> 'accessed_dirty'
  WINDOW next AS (PARTITION BY run_id, physical ORDER BY seq)
),
held AS (
  SELECT *, vpn AS page, is_global(entry) AS is_global
  FROM changes WHERE is_present(entry) AND (level = 'pte' OR is_large(entry))
),
flushes AS (
  SELECT run_id, seq, icount, 'cr3' AS flush, false AS is_global FROM control_writes WHERE reg = 'cr3'
  UNION ALL
  SELECT run_id, seq, icount, 'flush', unnest([false, true]) FROM tlb_events WHERE op = 'flush'
),
flushed AS (
  SELECT h.*, f.seq AS flush_seq, f.icount AS flush_icount, f.flush
  FROM held h
  ASOF LEFT JOIN flushes f ON f.run_id = h.run_id AND f.is_global = h.is_global AND f.seq > coalesce(h.changed_seq, after_all())
),
invlpgs AS (
  SELECT run_id, page_of(linear) AS page, seq, icount FROM tlb_events WHERE op = 'invlpg'
)
SELECT f.run_id, f.physical, f.level, f.dir, f.vpn, f.entry, f.from_icount, f.from_seq,
  f.next_entry, f.changed_icount, f.changed_seq, f.changed_eip,
  coalesce(least(f.flush_icount, i.icount), forever()) AS to_icount, least(f.flush_seq, i.seq) AS to_seq,
  CASE WHEN i.seq < coalesce(f.flush_seq, after_all()) THEN 'invlpg' ELSE f.flush END AS flush,
  f.next_entry IS NOT NULL AND (NOT is_present(f.next_entry) OR frame_of(f.next_entry) <> frame_of(f.entry)
    OR (is_writable(f.entry) AND NOT is_writable(f.next_entry)) OR (is_user(f.entry) AND NOT is_user(f.next_entry))) AS lowers
FROM flushed f
ASOF LEFT JOIN invlpgs i ON i.run_id = f.run_id AND i.page = f.page AND i.seq > coalesce(f.changed_seq, after_all())

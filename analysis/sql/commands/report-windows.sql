-- What each window led to, for the timeline of a report: the longest stretches, in order
--
-- For the command `report`. Whose directory the alternate map shows, and the frame that another window leads to.
-- @param most how many rows at most
-- @column track name of the window
-- @column from_icount icount of the store to its entry
-- @column to_icount icount of the next one
-- @column label whose page directory, or which frame
-- @column detail code that set it, and in which address space
-- @column left_out stretches that are no row
WITH sets AS (
  SELECT w.run_id, 'window ' || d.name AS track, w.icount AS from_icount,
    coalesce(lead(w.icount) OVER (PARTITION BY w.run_id, w.window_id ORDER BY w.seq), end_of_run(w.run_id)) AS to_icount,
    CASE WHEN NOT is_present(w.new) THEN 'nothing'
         WHEN w.window_id = 0 THEN owner_text(w.run_id, present_frame(w.new), w.icount) || ' ' || hex32(present_frame(w.new))
         ELSE hex32(present_frame(w.new)) END AS label,
    'set by ' || symbol(w.run_id, w.eip) || ' under ' || owner_text(w.run_id, frame_of(w.cr3), w.icount) || ', depth ' || w.depth AS detail
  FROM window_switches w JOIN windows d USING (run_id, window_id)
  WHERE w.op = 'write'
)
SELECT *, greatest(count(*) OVER () - $most, 0) AS left_out
FROM sets
QUALIFY row_number() OVER (ORDER BY to_icount - from_icount DESC) <= $most
ORDER BY track, from_icount

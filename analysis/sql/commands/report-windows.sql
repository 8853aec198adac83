-- The target of each window, for the timeline of a report: the longest stretches, in order
--
-- For the command `report`. For the alternate map, the owner of the directory; for other windows, the frame.
-- @param most maximum number of rows
-- @column track name of the window
-- @column from_icount icount of the store to its entry
-- @column to_icount icount of the next one
-- @column label owner of the page directory, or the frame
-- @column detail the address space in which it was set
-- @column eip code that set it
-- @column frame_id interrupts.id of the innermost open frame; 0 for none
-- @column is_wrong true if an interrupt or another thread changed it under code that had set it, and did not restore it
-- @column left_out number of stretches omitted
WITH taken AS (
  SELECT run_id, 0 AS window_id, switch_icount AS icount FROM latent_hijack
  UNION SELECT run_id, 0, cause_icount FROM window_misuses WHERE cause_icount IS NOT NULL
  UNION SELECT run_id, window_id, last_icount FROM taken_windows
),
sets AS (
  SELECT w.*, coalesce(lead(w.icount) OVER (PARTITION BY w.run_id, w.window_id ORDER BY w.seq), end_of_run(w.run_id)) AS to_icount
  FROM window_switches w WHERE w.op = 'write'
),
chosen AS (
  SELECT s.*, t.icount IS NOT NULL AS is_wrong, greatest(count(*) OVER () - $most, 0) AS left_out
  FROM sets s LEFT JOIN taken t ON t.run_id = s.run_id AND t.window_id = s.window_id AND t.icount = s.icount
  -- Erroneous stretches are shown however short they are.
  QUALIFY t.icount IS NOT NULL OR row_number() OVER (ORDER BY s.to_icount - s.icount DESC, s.seq) <= $most
)
SELECT 'window ' || d.name AS track, w.icount AS from_icount, w.to_icount,
  CASE WHEN NOT is_present(w.new) THEN 'nothing'
       WHEN w.window_id = 0 THEN owner_text(w.run_id, present_frame(w.new), w.icount) || ' ' || hex32(present_frame(w.new))
       ELSE hex32(present_frame(w.new)) END AS label,
  'set under ' || owner_text(w.run_id, frame_of(w.cr3), w.icount) || ', depth ' || w.depth AS detail, w.eip, w.frame_id,
  w.is_wrong, w.left_out
FROM chosen w JOIN windows d USING (run_id, window_id)
ORDER BY track, from_icount

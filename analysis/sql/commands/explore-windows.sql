-- Windows of a run: from a set or check by a context to its last use before the next set or check
--
-- For the command `explore`.
-- @column from_icount icount of the set or check
-- @column to_icount icount of the last access through it by the same code
SELECT own_icount AS from_icount, max(icount) AS to_icount
FROM window_events
WHERE run_id = 0 AND is_access AND own_seq IS NOT NULL
GROUP BY window_id, entry, frame_id, cr3, own_seq, own_icount
ORDER BY from_icount, to_icount

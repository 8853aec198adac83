-- Panic
--
-- A line with the words of a panic (`panic: `, `Kernel panic - `, `kernel BUG at`, `BUG: unable to handle`, `Oops: `, `Fatal trap`):
-- the first such line on the console, or else one on the final text screen. The words are the only evidence, and a program may print them
-- too. If the line names an address, the summary adds the last write of its PTE or PDE, in any address space.
-- @class panic
-- @severity error
SELECT f.run_id, coalesce(w.write_icount, f.icount) AS from_icount, f.icount, owner_text(f.run_id, f.cr3, f.icount) AS process,
  NULL::VARCHAR AS code,
  f.text || CASE WHEN w.write_icount IS NULL THEN '' ELSE
    '; the ' || upper(w.level) || ' of ' || hex32(f.address) || ' in directory ' || hex32(w.directory) || ' was last written at icount ' || w.write_icount
    || ' by ' || symbol(f.run_id, w.eip) || ' from ' || pte_text(w.old) || ' to ' || pte_text(w.new) END AS summary,
  CASE WHEN w.write_icount IS NOT NULL THEN 'pte-history 0x' || hex32(f.address) END AS query, 1::BIGINT AS uses, 0::BIGINT AS stores
FROM failures f
LEFT JOIN (
  SELECT * FROM death_writes WHERE kind = 'panic'
  QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY write_seq DESC) = 1
) w ON w.run_id = f.run_id
WHERE f.kind = 'panic'

-- The state of the machine at an icount, before the instruction there: after every event with a smaller icount. Each macro is a
-- relation with one or more rows per trace.

-- The mapping of a linear address by the page tables under a directory: PDE and PTE, the icounts of their writes, the physical address
-- (NULL: none), and the combined writable and is_user. `pte` is NULL if the PDE names no table, or if the entry was never written.
-- @param instant icount
-- @param directory physical address of a page directory, or CR3
-- @param address linear address
-- @example SELECT hex32(pde), hex32(pte), hex32(physical) FROM walk(22712557, 0x1aa000, 0xfffbfef8)
CREATE MACRO walk(instant, directory, address) AS TABLE
  WITH pdes AS (
    SELECT run_id, arg_max(new, seq) AS pde, arg_max(icount, seq) AS pde_icount
    FROM paging_writes
    WHERE physical = pde_address(directory, address) AND icount < instant
    GROUP BY run_id
  ),
  ptes AS (
    SELECT w.run_id, arg_max(w.new, w.seq) AS pte, arg_max(w.icount, w.seq) AS pte_icount
    FROM pdes d JOIN paging_writes w
      ON w.run_id = d.run_id AND w.physical = pte_address(d.pde, address)
    WHERE w.icount < instant
    GROUP BY w.run_id
  )
  SELECT run_id, pde, pde_icount, pte, pte_icount,
    CASE WHEN is_present(pde) AND (is_large(pde) OR is_present(pte))
      THEN frame_at(coalesce(pte, pde), address::BIGINT)::BIGINT + offset_of(address::BIGINT) END AS physical,
    is_writable(coalesce(pte, pde) & pde) AS writable, is_user(coalesce(pte, pde) & pde) AS is_user
  FROM pdes LEFT JOIN ptes USING (run_id)
  ORDER BY run_id;

-- The mappings of a frame, one row per entry and linear address: the entry, its address and the icount of its last write,
-- the number of directories that contain it (a kernel's tables are in all), one of these directories, and its owner. Recursive and
-- alternate maps count: a page table is mapped where its directory appears.
-- @param instant icount
-- @param frame frame number, or physical address from 10000h on
-- @example SELECT hex32(linear), pte_text(entry), directories, owner FROM mappings_of(22712557, 0x5c7000)
CREATE MACRO mappings_of(instant, frame) AS TABLE
  WITH entries AS (
    SELECT run_id, physical, any_value(level) AS level, arg_max(new, seq) AS entry, max(icount) AS written
    FROM paging_writes WHERE icount < instant
    GROUP BY run_id, physical HAVING is_present(arg_max(new, seq))
  ),
  slots AS (
    SELECT run_id, frame_of(physical) AS directory, entry_index(physical) AS slot, physical, entry, written
    FROM entries WHERE level = 'pde'
  ),
  found AS (
    SELECT d.run_id, d.directory, linear_of(d.slot, entry_index(t.physical)) AS linear, t.physical, t.entry, t.written
    FROM entries t
    JOIN slots d ON d.run_id = t.run_id AND NOT is_large(d.entry) AND frame_of(d.entry) = frame_of(t.physical)
    WHERE page_of(t.entry) = frame_number(frame::BIGINT) AND (t.level = 'pte' OR NOT is_large(t.entry))
    UNION ALL
    SELECT d.run_id, d.directory, linear_of(d.slot, frame_number(frame::BIGINT) % 1024), d.physical, d.entry, d.written
    FROM slots d
    WHERE is_large(d.entry) AND slot_of(d.entry) = frame_number(frame::BIGINT) // 1024
  ),
  shared AS (
    SELECT run_id, linear, entry, any_value(physical) AS physical, max(written) AS written_icount,
      count(*) AS directories, min(directory) AS directory
    FROM found GROUP BY run_id, linear, entry, CASE WHEN is_large(entry) THEN 0 ELSE physical END
  )
  SELECT *, owner_text(run_id, directory, least(instant, end_of_run(run_id))) AS owner FROM shared ORDER BY ALL;

-- The open interrupt frames, from the outermost: rows of `interrupts` with is_live, which is false for frames of other address
-- spaces, whose processes wait inside a system call.
-- @param instant icount
-- @example SELECT id, vector, symbol(run_id, handler) FROM frames_at(22712123) WHERE is_live
CREATE MACRO frames_at(instant) AS TABLE
  SELECT i.*, frame_of(i.cr3) = d.cr3 AS is_live
  FROM interrupts i
  LEFT JOIN directory_intervals d ON d.run_id = i.run_id AND d.from_icount < instant AND d.to_icount >= instant
  WHERE i.icount <= instant AND coalesce(i.iret_icount, forever()) >= instant
    AND coalesce(i.abandoned_icount, forever()) >= instant AND i.last_icount = i.icount
  ORDER BY i.run_id, i.seq;

-- The running process: its page directory, pid, comm, both as text, and the icount at which it started to run.
-- @param instant icount
-- @example SELECT process, hex32(cr3) FROM process_at(22712557)
CREATE MACRO process_at(instant) AS TABLE
  SELECT run_id, cr3, pid, comm, process, from_icount
  FROM process_slices WHERE from_icount < instant AND to_icount >= instant
  ORDER BY run_id;

-- The last store that began at a linear address, in any address space (requires detail stores): its value, size in bytes, icount, code
-- and directory.
-- @param instant icount
-- @param address linear address
-- @example SELECT hex32(value), icount, symbol(run_id, eip) FROM variable_at(22712557, 0xf0100000)
CREATE MACRO variable_at(instant, address) AS TABLE
  SELECT run_id, arg_max(new, seq) AS value, arg_max(size, seq) AS size, max(icount) AS icount,
    arg_max(eip, seq) AS eip, arg_max(cr3, seq) AS cr3
  FROM stores WHERE linear = address::BIGINT AND icount < instant
  GROUP BY run_id ORDER BY run_id;

-- The value of what each window leads by, with when and where it was set: rows of `window_intervals`, and is_live, which is false for
-- entries of page directories other than the live one.
-- @param instant icount
-- @example SELECT window_name, pte_text(value), from_icount, symbol(run_id, eip) FROM window_at(22712557) WHERE is_live
CREATE MACRO window_at(instant) AS TABLE
  SELECT w.*, w.kind <> 'slot' OR w.dir = d.cr3 AS is_live
  FROM window_intervals w
  LEFT JOIN directory_intervals d ON d.run_id = w.run_id AND d.from_icount < instant AND d.to_icount >= instant
  WHERE w.from_icount < instant AND w.to_icount >= instant
  ORDER BY w.run_id, w.window_id, w.entry;

-- Translations that the TLB may hold, over time, of some entries: rows of `tlb_intervals`.
-- @param entries list of physical addresses of PTEs and PDEs; NULL: of all
-- @example SELECT from_icount, pte_text(entry), to_icount, flush FROM tlb_intervals_of([0x5b7ff8])
CREATE MACRO tlb_intervals_of(entries) AS TABLE
  WITH changes AS (
    SELECT run_id, physical, level, dir, vpn, new AS entry, icount AS from_icount, seq AS from_seq,
      lead(new) OVER next AS next_entry, lead(icount) OVER next AS changed_icount, lead(seq) OVER next AS changed_seq,
      lead(eip) OVER next AS changed_eip
    FROM paging_writes
    WHERE source <> 'accessed_dirty' AND (entries IS NULL OR list_contains(entries, physical))
    WINDOW next AS (PARTITION BY run_id, physical ORDER BY seq)
  ),
  held AS (
    SELECT *, is_global(entry) AS is_global
    FROM changes WHERE is_present(entry) AND (level = 'pte' OR is_large(entry))
  ),
  flushes AS (
    SELECT run_id, seq, icount, false AS is_flush, false AS is_global FROM control_writes WHERE reg = 'cr3'
    UNION ALL
    SELECT run_id, seq, icount, true, unnest([false, true]) FROM tlb_events WHERE op = 'flush'
  ),
  flushed AS (
    SELECT h.*, f.seq AS flush_seq, f.icount AS flush_icount, f.is_flush
    FROM held h
    ASOF LEFT JOIN flushes f ON f.run_id = h.run_id AND f.is_global = h.is_global AND f.seq > coalesce(h.changed_seq, after_all())
  ),
  invlpgs AS (
    SELECT run_id, page_of(linear) AS page, seq, icount FROM tlb_events WHERE op = 'invlpg'
  ),
  -- Only of entries of pages that an INVLPG names: most kernels flush few.
  named AS (
    SELECT DISTINCT w.run_id, w.physical
    FROM paging_writes w SEMI JOIN invlpgs i ON i.run_id = w.run_id AND i.page = w.vpn
    WHERE entries IS NULL OR list_contains(entries, w.physical)
  ),
  named_changes AS (
    SELECT w.run_id, w.physical, w.vpn AS page, w.seq AS from_seq, lead(w.seq) OVER (PARTITION BY w.run_id, w.physical ORDER BY w.seq) AS changed_seq
    FROM paging_writes w JOIN named n ON n.run_id = w.run_id AND n.physical = w.physical
    WHERE w.source <> 'accessed_dirty'
  ),
  invalidated AS (
    SELECT c.run_id, c.physical, c.from_seq, i.seq, i.icount
    FROM named_changes c
    ASOF JOIN invlpgs i ON i.run_id = c.run_id AND i.page = c.page AND i.seq > coalesce(c.changed_seq, after_all())
  )
  SELECT f.run_id, f.physical, f.level, f.dir, f.vpn, f.entry, f.from_icount, f.from_seq,
    f.next_entry, f.changed_icount, f.changed_seq, f.changed_eip,
    coalesce(least(f.flush_icount, i.icount), forever()) AS to_icount, least(f.flush_seq, i.seq) AS to_seq,
    CASE WHEN i.seq < coalesce(f.flush_seq, after_all()) THEN 'invlpg' WHEN f.is_flush THEN 'flush' WHEN NOT f.is_flush THEN 'cr3' END AS flush,
    f.next_entry IS NOT NULL AND (NOT is_present(f.next_entry) OR frame_of(f.next_entry) <> frame_of(f.entry)
      OR (is_writable(f.entry) AND NOT is_writable(f.next_entry)) OR (is_user(f.entry) AND NOT is_user(f.next_entry))) AS lowers
  FROM flushed f
  LEFT JOIN invalidated i ON i.run_id = f.run_id AND i.physical = f.physical AND i.from_seq = f.from_seq;

-- The translations of a linear page that the TLB may hold: what the tables under the live directory say, and what they said since CR3 was last
-- loaded and was not flushed. Rows of `tlb_intervals`, the newest first, and is_stale.
-- @param instant icount
-- @param address linear address
-- @example SELECT pte_text(entry), from_icount, is_stale FROM tlb_at(22712557, 0xefbfe000)
CREATE MACRO tlb_at(instant, address) AS TABLE
  WITH loads AS (
    SELECT run_id, arg_max(new, seq) AS cr3, max(icount) AS icount
    FROM control_writes WHERE reg = 'cr3' AND icount < instant
    GROUP BY run_id
  ),
  pdes AS (
    SELECT w.run_id, w.new AS pde, w.physical, lead(w.icount, 1, forever()) OVER (PARTITION BY w.run_id ORDER BY w.seq) > l.icount AS is_seen
    FROM loads l JOIN paging_writes w ON w.run_id = l.run_id AND w.physical = pde_address(l.cr3, address)
    WHERE w.icount < instant
  ),
  places AS (
    SELECT DISTINCT run_id, CASE WHEN is_large(pde) THEN physical ELSE pte_address(pde, address) END AS physical FROM pdes WHERE is_seen
  )
  SELECT t.*, coalesce(t.changed_icount < instant, false) AS is_stale
  FROM tlb_intervals_of((SELECT coalesce(list(physical), []) FROM places)) t JOIN places p ON p.run_id = t.run_id AND p.physical = t.physical
  WHERE t.from_icount < instant AND t.to_icount >= instant
  ORDER BY t.run_id, t.from_seq DESC;

-- The calls open at an icount on the stack that the code is on, innermost first, with arguments: of functions that were asked for
-- (`replay --detail calls`, `--probe`). `line` is where the caller called.
-- @param instant icount
-- @example SELECT level, name, line, arguments FROM stack_at(623300)
CREATE MACRO stack_at(instant) AS TABLE
  WITH happened AS (
    SELECT e.run_id, e.seq, e.stack, e.cr3 FROM call_entries e WHERE e.icount <= instant
    UNION ALL
    SELECT r.run_id, r.seq, e.stack, r.cr3
    FROM call_returns r JOIN call_entries e ON e.run_id = r.run_id AND e.probe = r.probe AND e.call_id = r.call_id
    WHERE r.icount <= instant
  ),
  here AS (SELECT run_id, arg_max(stack, seq) AS stack, arg_max(cr3, seq) AS cr3 FROM happened GROUP BY run_id),
  begun AS (
    SELECT c.*, max(c.esp) OVER (
      PARTITION BY c.run_id ORDER BY c.seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS later_esp
    FROM calls c JOIN here h ON h.run_id = c.run_id AND h.stack = c.stack AND h.cr3 = c.cr3
    WHERE c.icount <= instant
  )
  SELECT run_id, row_number() OVER (PARTITION BY run_id ORDER BY seq DESC) - 1 AS level, name, icount, callee, caller,
    line(run_id, caller - 1) AS line, arguments
  FROM begun
  WHERE coalesce(returned_icount, forever()) > instant AND (later_esp IS NULL OR later_esp < esp)
  ORDER BY run_id, seq DESC;

-- Scalar helpers for queries.

-- 8 hexadecimal digits.
-- @example SELECT hex32(eip) FROM exceptions
CREATE MACRO hex32(x) AS lpad(lower(to_hex(x)), 8, '0');

-- The bits of a PDE or PTE by their names: 1 present, 2 writable, 4 user, 20h accessed, 40h dirty, 80h 4 MB, 100h global.
-- @example SELECT pte_bits(new) FROM paging_writes
CREATE MACRO pte_bits(x) AS
  CASE WHEN x & 1 = 0 THEN '-' ELSE
    'P' || CASE WHEN x & 2 <> 0 THEN 'W' ELSE '' END || CASE WHEN x & 4 <> 0 THEN 'U' ELSE '' END
    || CASE WHEN x & 32 <> 0 THEN 'A' ELSE '' END || CASE WHEN x & 64 <> 0 THEN 'D' ELSE '' END
    || CASE WHEN x & 128 <> 0 THEN 'S' ELSE '' END || CASE WHEN x & 256 <> 0 THEN 'G' ELSE '' END
  END;

-- A PDE or PTE for people: frame and bits.
-- @example SELECT pte_text(old), pte_text(new) FROM paging_writes
CREATE MACRO pte_text(x) AS hex32(x & 4294963200) || ' ' || pte_bits(x);

-- The physical address of the frame that a PTE, or the PDE of a 4 MB page (bit 80h), maps a linear address to.
-- @example SELECT hex32(frame_at(used, linear)) FROM tlb_events WHERE op = 'stale_use'
CREATE MACRO frame_at(entry, linear) AS
  CASE WHEN entry & 128 = 0 THEN entry & 4294963200 ELSE (entry & 4290772992) | (linear & 4190208) END;

-- function+offset, of an address and the symbol at or before it.
-- @example SELECT symbol_text(name, address, address + 4) FROM symbols
CREATE MACRO symbol_text(name, symbol_address, address) AS
  CASE WHEN name IS NULL THEN hex32(address)
       WHEN address = symbol_address THEN name
       ELSE name || '+0x' || lower(to_hex(address - symbol_address)) END;

-- A process for people; unknown where no profile tells processes apart.
-- @example SELECT icount, process_text(pid, comm) FROM processes
CREATE MACRO process_text(pid, comm) AS
  CASE WHEN pid IS NULL THEN CASE WHEN (SELECT max(names_processes) FROM run) = 1 THEN 'never run' ELSE 'unknown' END
       WHEN comm = '' THEN 'idle' ELSE comm || '[' || pid || ']' END

-- Helpers for queries. Each has a description, a line `@param` for each parameter, and an example that a test runs. Numbers that the
-- manuals define (bits of a PDE or PTE, the size of a page) appear only here; other SQL uses the names.

-- A number as 8 hexadecimal digits.
-- @param x 32-bit number
-- @example SELECT hex32(eip) FROM exceptions
CREATE MACRO hex32(x) AS lpad(lower(to_hex(x)), 8, '0');

-- An icount after the end of every run: the end of an interval that does not end.
-- @example SELECT pid, comm FROM directory_owners WHERE to_icount = forever()
CREATE MACRO forever() AS 9007199254740991;

-- The number of accesses of an incident, as text.
-- @param uses number of accesses
-- @param stores number of these that are stores
-- @example SELECT uses_text(count(*), count(*) FILTER (access = 'write')) FROM apt_accesses
CREATE MACRO uses_text(uses, stores) AS
  uses || CASE uses WHEN 1 THEN ' access' ELSE ' accesses' END
  || CASE stores WHEN 0 THEN ', no store' WHEN uses THEN ', all stores' ELSE ', ' || stores || ' of them stores' END;

-- The number of repetitions after the first time, as text; empty for a single time.
-- @param times total number of times
-- @example SELECT symbol(run_id, eip) || again_text(count(*)) FROM exceptions GROUP BY run_id, eip
CREATE MACRO again_text(times) AS
  CASE times WHEN 1 THEN '' WHEN 2 THEN ' (and once more)' ELSE ' (and ' || (times - 1) || ' times more)' END;

-- The number of instructions that a run retired.
-- @param of_run run_id
-- @example SELECT coalesce(iret_icount, end_of_run(run_id)) - icount FROM interrupts
CREATE MACRO end_of_run(of_run) AS (SELECT r.instructions FROM run r WHERE r.run_id = of_run);

-- A seq after those of all events.
-- @example SELECT coalesce(iret_seq, after_all()) FROM interrupts
CREATE MACRO after_all() AS 4294967295;

-- The page number (linear or physical address / 4096) of an address.
-- @param address linear or physical
-- @example SELECT page_of(cr2), count(*) FROM exceptions WHERE vector = 14 GROUP BY ALL
CREATE MACRO page_of(address) AS address >> 12;

-- The first address of a page.
-- @param page linear page number, or frame number
-- @example SELECT hex32(address_of(vpn)) FROM paging_writes WHERE level = 'pte'
CREATE MACRO address_of(page) AS page << 12;

-- The PDE slot, 0 to 1023, that maps a linear address.
-- @param linear linear address
-- @example SELECT slot_of(cr2), count(*) FROM exceptions WHERE vector = 14 GROUP BY ALL
CREATE MACRO slot_of(linear) AS linear >> 22;

-- The offset of an address in its page, bytes.
-- @param address linear or physical
-- @example SELECT offset_of(cr2) FROM exceptions WHERE vector = 14
CREATE MACRO offset_of(address) AS address & 4095;

-- The index of an entry in its directory or table, 0 to 1023.
-- @param physical physical address of the entry
-- @example SELECT entry_index(physical) = slot FROM paging_writes WHERE level = 'pde'
CREATE MACRO entry_index(physical) AS (physical & 4095) >> 2;

-- The linear address that a PDE and a PTE with these indices map.
-- @param slot PDE slot
-- @param entry index of the PTE in its table
-- @example SELECT hex32(linear_of(slot, entry_index(physical))) FROM paging_writes WHERE level = 'pte'
CREATE MACRO linear_of(slot, entry) AS (slot::BIGINT << 22) + (entry::BIGINT << 12);

-- The physical address of the PDE that maps a linear address.
-- @param directory physical address of a page directory, or CR3
-- @param address linear address
-- @example SELECT hex32(pde_address(cr3, cr2)) FROM exceptions WHERE vector = 14
CREATE MACRO pde_address(directory, address) AS (directory::BIGINT & 0xfffff000) + (address::BIGINT >> 22) * 4;

-- The physical address of the PTE that maps a linear address; NULL if the PDE names no table.
-- @param pde the PDE
-- @param address linear address
-- @example SELECT hex32(pte_address(new, mapped_from(level, slot, vpn))) FROM paging_writes WHERE level = 'pde'
CREATE MACRO pte_address(pde, address) AS
  CASE WHEN pde & 129 = 1 THEN (pde::BIGINT & 0xfffff000) + (address::BIGINT >> 12 & 1023) * 4 END;

-- The index, 0 to 1023, of the PTE that maps a linear address, in its page table. In a window onto the page tables of a directory, where
-- each page is a page table, it is the slot of the directory that names the page table.
-- @param linear linear address
-- @example SELECT index_of(linear), count(*) FROM apt_accesses GROUP BY ALL
CREATE MACRO index_of(linear) AS (linear >> 12) & 0x3ff;

-- The first linear address that an entry of `paging_writes` maps.
-- @param level pde or pte
-- @param slot PDE slot
-- @param vpn linear page number
-- @example SELECT hex32(mapped_from(level, slot, vpn)), pte_text(new) FROM paging_writes
CREATE MACRO mapped_from(level, slot, vpn) AS CASE level WHEN 'pde' THEN slot << 22 ELSE vpn << 12 END;

-- The frame number (physical address / 4096) of a frame number or a physical address; values up to FFFFh are frame numbers.
-- @param frame frame number, or physical address from 10000h on
-- @example SELECT frame_number(new) = page_of(physical) FROM paging_writes
CREATE MACRO frame_number(frame) AS CASE WHEN frame >= 0x10000 THEN frame >> 12 ELSE frame END;

-- The physical address of the frame that a PDE, a PTE or CR3 names.
-- @param entry PDE, PTE or CR3
-- @example SELECT hex32(frame_of(new)) FROM paging_writes WHERE is_present(new)
CREATE MACRO frame_of(entry) AS entry & 0xfffff000;

-- Like frame_of, but 0 for an entry that is not present.
-- @param entry PDE or PTE
-- @example SELECT hex32(present_frame(new)) FROM aptd_switches
CREATE MACRO present_frame(entry) AS (entry & 0xfffff000) * (entry & 1);

-- Bit 0 of a PDE or PTE: present.
-- @param entry PDE or PTE
-- @example SELECT count(*) FROM paging_writes WHERE is_present(old) AND NOT is_present(new)
CREATE MACRO is_present(entry) AS entry & 1 = 1;

-- A mask of IRQ lines with all of them.
-- @example SELECT max(instructions) FROM interrupts_off WHERE mask = all_irqs()
CREATE MACRO all_irqs() AS 0xffff;

-- The first port of the first 8259; its second follows, and those of the other chip are 80h behind.
-- @example SELECT count(*) FROM port_io WHERE port = pic_port()
CREATE MACRO pic_port() AS 0x20;

-- Bit 31 of CR0: paging is enabled.
-- @param cr0 value of CR0
-- @example SELECT icount FROM control_writes WHERE reg = 'cr0' AND is_paging(new) AND NOT is_paging(old)
CREATE MACRO is_paging(cr0) AS cr0 >= 0x80000000;

-- Bit 0 of EFLAGS: the carry flag, 0 or 1.
-- @param eflags EFLAGS
-- @example SELECT carry_of(0x203)
CREATE MACRO carry_of(eflags) AS eflags & 1;

-- Bit 0 of a page fault's error code: the page was present, the access not allowed.
-- @param error_code error code of vector 14
-- @example SELECT count(*) FROM exceptions WHERE vector = 14 AND was_present(error_code)
CREATE MACRO was_present(error_code) AS error_code & 1 = 1;

-- Bit 1 of a page fault's error code: the access was a write.
-- @param error_code error code of vector 14
-- @example SELECT count(*) FROM exceptions WHERE vector = 14 AND was_write(error_code)
CREATE MACRO was_write(error_code) AS error_code & 2 = 2;

-- Bit 2 of a page fault's error code: the access was by user code.
-- @param error_code error code of vector 14
-- @example SELECT count(*) FROM exceptions WHERE vector = 14 AND was_user(error_code)
CREATE MACRO was_user(error_code) AS error_code & 4 = 4;

-- Bit 1 of a PDE or PTE: writable, by user code and, with CR0.WP, by the kernel.
-- @param entry PDE or PTE
-- @example SELECT count(*) FROM paging_writes WHERE is_writable(old) AND NOT is_writable(new)
CREATE MACRO is_writable(entry) AS entry & 2 = 2;

-- Bit 2 of a PDE or PTE: accessible to user code.
-- @param entry PDE or PTE
-- @example SELECT count(*) FROM paging_writes WHERE is_user(new)
CREATE MACRO is_user(entry) AS entry & 4 = 4;

-- Present, and not accessible to user code.
-- @param entry PDE or PTE
-- @example SELECT count(*) FROM paging_writes WHERE is_kernels(new)
CREATE MACRO is_kernels(entry) AS entry & 5 = 1;

-- Bit 5 of a PDE or PTE: accessed since the bit was cleared.
-- @param entry PDE or PTE
-- @example SELECT count(*) FROM paging_writes WHERE is_accessed(old) AND NOT is_accessed(new)
CREATE MACRO is_accessed(entry) AS entry & 32 = 32;

-- The accessed and the dirty bit of a PTE.
-- @example SELECT count(*) FROM paging_writes WHERE new & accessed_and_dirty() = 0
CREATE MACRO accessed_and_dirty() AS 0x60;

-- Bit 6 of a PTE, or of the PDE of a 4 MB page: written to since the bit was cleared.
-- @param entry PDE or PTE
-- @example SELECT count(*) FROM paging_writes WHERE is_dirty(old) AND NOT is_dirty(new)
CREATE MACRO is_dirty(entry) AS entry & 64 = 64;

-- Bit 7 of a PDE: it maps a 4 MB page.
-- @param entry PDE
-- @example SELECT count(*) FROM paging_writes WHERE level = 'pde' AND is_large(new)
CREATE MACRO is_large(entry) AS entry & 128 = 128;

-- Bit 8 of a PTE, or of the PDE of a 4 MB page: with CR4.PGE it stays in the TLB when CR3 is loaded.
-- @param entry PDE or PTE
-- @example SELECT count(*) FROM paging_writes WHERE is_global(new)
CREATE MACRO is_global(entry) AS entry & 256 = 256;

-- The bits of a PDE or PTE by name: 1 present, 2 writable, 4 user, 20h accessed, 40h dirty, 80h 4 MB, 100h global.
-- @param x PDE or PTE
-- @example SELECT pte_bits(new) FROM paging_writes
CREATE MACRO pte_bits(x) AS
  -- The texts of all combinations, which DuckDB makes once: P, W and U are bits 0 to 2 of the index, A, D, S and G bits 3 to 6.
  list_transform(range(128), lambda bits: CASE WHEN bits & 1 = 0 THEN '-' ELSE
    array_to_string(list_filter(['P', 'W', 'U', 'A', 'D', 'S', 'G'], lambda name, place: (bits >> (place - 1)) & 1 = 1), '')
  END)[(((x & 7) | ((x >> 2) & 0x78)) + 1)::BIGINT];

-- A PDE or PTE as text: frame and bits.
-- @param x PDE or PTE
-- @example SELECT pte_text(old), pte_text(new) FROM paging_writes
CREATE MACRO pte_text(x) AS format('{:08x} ', frame_of(x)) || pte_bits(x);

-- The physical address of the frame to which a PTE, or the PDE of a 4 MB page (bit 80h), maps a linear address.
-- @param entry PTE, or PDE of a 4 MB page
-- @param linear linear address
-- @example SELECT hex32(frame_at(used, linear)) FROM tlb_events WHERE op = 'stale_use'
CREATE MACRO frame_at(entry, linear) AS
  CASE WHEN entry & 128 = 0 THEN entry & 0xfffff000 ELSE (entry & 0xffc00000) | (linear & 0x3ff000) END;

-- function+offset for an address and the symbol at or before it; `symbol` finds the symbol itself.
-- @param name name of the symbol; NULL if there is none
-- @param symbol_address linear address of the symbol
-- @param address linear address
-- @example SELECT symbol_text(name, address, address + 4) FROM symbols
CREATE MACRO symbol_text(name, symbol_address, address) AS
  CASE WHEN name IS NULL THEN hex32(address)
       WHEN address = symbol_address THEN name
       ELSE name || '+0x' || lower(to_hex(address - symbol_address)) END;

-- The lines of a mask as text: IRQ 0, 4, 14; `all IRQs` of a mask with all.
-- @param mask bit n = IRQ n
-- @example SELECT what, irqs_text(mask), count(*) FROM interrupts_off GROUP BY ALL
CREATE MACRO irqs_text(mask) AS
  CASE WHEN mask = all_irqs() THEN 'all IRQs'
       ELSE 'IRQ ' || array_to_string(list_filter(range(16), lambda line: (mask::BIGINT >> line) % 2 = 1), ', ') END;

-- An interrupt as text, from columns of `interrupts`: IRQ or INT and its number, or SYSENTER.
-- @param irq IRQ line; NULL for an INT or SYSENTER
-- @param vector IDT vector; NULL for a SYSENTER
-- @param source irq, int, injected or sysenter
-- @example SELECT interrupt_text(irq, vector, source), count(*) FROM interrupts GROUP BY ALL
CREATE MACRO interrupt_text(irq, vector, source) AS coalesce('IRQ ' || irq, 'INT ' || vector, upper(source::VARCHAR));

-- Like `symbol`, but NULL for a NULL address.
-- @param of_run run_id
-- @param address linear address
-- @example SELECT code_at(run_id, eip), text FROM failures
CREATE MACRO code_at(of_run, address) AS CASE WHEN address IS NOT NULL THEN symbol(of_run, address) END;

-- The function at a linear address: `symbol` without the offset.
-- @param of_run run_id
-- @param address linear address
-- @example SELECT function_at(run_id, eip), count(*) FROM paging_writes GROUP BY ALL
CREATE MACRO function_at(of_run, address) AS split_part(symbol(of_run, address), '+', 1);

-- The text in words of memory, little endian, up to the first NUL.
-- @param words list of 32-bit words
-- @example SELECT text_of([0x6f776b, 0])
CREATE MACRO text_of(words) AS regexp_extract(array_to_string(flatten(list_transform(words, w ->
  list_transform([0, 8, 16, 24], s -> CASE WHEN (w >> s) % 256 = 0 THEN ' ' ELSE chr(((w >> s) % 256)::INTEGER) END))), ''), '^[^ ]*');

-- True for the flags of a task that is a thread of Linux itself (PF_KTHREAD).
-- @param flags task_struct.flags
-- @example SELECT is_kernel_thread(0x208040)
CREATE MACRO is_kernel_thread(flags) AS flags & 0x200000 <> 0;

-- A process as text; `unknown` if no profile distinguishes processes.
-- @param pid process id; NULL if unknown
-- @param comm command name
-- @example SELECT icount, process_text(pid, comm) FROM processes
CREATE MACRO process_text(pid, comm) AS
  CASE WHEN pid IS NULL THEN CASE WHEN (SELECT max(names_processes) FROM run) = 1 THEN 'never run' ELSE 'unknown' END
       WHEN comm = '' THEN 'idle' ELSE comm || '[' || pid || ']' END;

-- The part of a run, of 2^24 instructions, by which directory_owner_parts is looked up.
-- @param instant icount
-- @example SELECT owner_part(icount), count(*) FROM exceptions GROUP BY ALL
CREATE MACRO owner_part(instant) AS instant >> 24;

-- The owner of a page directory at an icount: a STRUCT of pid and comm; NULL if it has none.
-- @param of_run run_id
-- @param directory physical address of a page directory
-- @param instant icount
-- @example SELECT irq, owner_at(run_id, cr3, icount).comm, count(*) FROM interrupts GROUP BY ALL
CREATE MACRO owner_at(of_run, directory, instant) AS (
  SELECT {'pid': o.pid, 'comm': o.comm}
  FROM (SELECT of_run AS run_id, directory AS dir, owner_part(instant) AS part, instant AS at_icount) a
  JOIN directory_owner_parts o ON o.run_id = a.run_id AND o.dir = a.dir AND o.part = a.part
    AND o.from_icount <= a.at_icount AND a.at_icount < o.to_icount);

-- The owner of a page directory at an icount, as text.
-- @param of_run run_id
-- @param directory physical address of a page directory
-- @param instant icount
-- @example SELECT owner_text(run_id, cr3, icount), count(*) FROM exceptions GROUP BY ALL
CREATE MACRO owner_text(of_run, directory, instant) AS coalesce((
  SELECT process_text(o.pid, o.comm)
  FROM (SELECT of_run AS run_id, directory AS dir, owner_part(instant) AS part, instant AS at_icount) a
  JOIN directory_owner_parts o ON o.run_id = a.run_id AND o.dir = a.dir AND o.part = a.part
    AND o.from_icount <= a.at_icount AND a.at_icount < o.to_icount),
  process_text(NULL, NULL))

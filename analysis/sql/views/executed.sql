-- Instructions with their memory operands
--
-- One row per started instruction (detail instructions), with its place and its memory reads and writes. An instruction that faulted has
-- the accesses that it made before the fault.
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before the instruction
-- @column seq position among all events of the run
-- @column code function+offset, or the address
-- @column instruction the instruction, in AT&T syntax
-- @column eip EIP of the instruction
-- @column cpl current privilege level, 0-3
-- @column depth number of open interrupt frames around the code
-- @column cr3 physical address of the current page directory, bytes
-- @column process owner of that page directory, comm[pid]
-- @column thread number of the kernel stack, 0 before the first switch of stacks
-- @column eax EAX before the instruction
-- @column ecx ECX
-- @column edx EDX
-- @column ebx EBX
-- @column esp ESP
-- @column ebp EBP
-- @column esi ESI
-- @column edi EDI
-- @column eflags EFLAGS
-- @column reads memory reads of the instruction: a list of linear, physical, size, value
-- @column stores memory writes of the instruction: a list of linear, physical, size, old, new
WITH
-- Accesses are found by icount, so that of a query for a stretch of the run DuckDB reads that stretch alone. An instruction that faulted has the
-- icount of the next one that was started.
shared AS (
  SELECT run_id, icount, list(seq) AS seqs FROM instructions GROUP BY ALL HAVING count(*) > 1
),
read_lists AS (
  SELECT r.run_id, r.icount,
    list_sort(list({seq: r.seq, linear: r.linear, physical: r.physical, size: r.size, value: r.value})) AS reads
  FROM reads r SEMI JOIN instructions i ON i.run_id = r.run_id AND i.icount = r.icount
  GROUP BY ALL
),
store_lists AS (
  SELECT s.run_id, s.icount,
    list_sort(list({seq: s.seq, linear: s.linear, physical: s.physical, size: s.size, old: s.old, new: s.new})) AS stores
  FROM stores s SEMI JOIN instructions i ON i.run_id = s.run_id AND i.icount = s.icount
  GROUP BY ALL
),
accesses AS (
  SELECT i.*, coalesce(list_min(list_filter(h.seqs, other -> other > i.seq)), after_all()) AS next_seq,
    list_filter(r.reads, a -> a.seq > i.seq AND a.seq < next_seq) AS own_reads,
    list_filter(s.stores, a -> a.seq > i.seq AND a.seq < next_seq) AS own_stores
  FROM instructions i
  LEFT JOIN shared h ON h.run_id = i.run_id AND h.icount = i.icount
  LEFT JOIN read_lists r ON r.run_id = i.run_id AND r.icount = i.icount
  LEFT JOIN store_lists s ON s.run_id = i.run_id AND s.icount = i.icount
)
SELECT run_id, icount, seq, symbol(run_id, eip) AS code, instruction, eip, cpl, depth, cr3, process, thread,
  eax, ecx, edx, ebx, esp, ebp, esi, edi, eflags,
  CASE WHEN len(own_reads) > 0 THEN list_transform(
    own_reads, a -> {linear: a.linear, physical: a.physical, size: a.size, value: a.value}) END AS reads,
  CASE WHEN len(own_stores) > 0 THEN list_transform(
    own_stores, a -> {linear: a.linear, physical: a.physical, size: a.size, old: a.old, new: a.new}) END AS stores
FROM accesses
ORDER BY run_id, seq

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
-- icount of the next one that was started: an access belongs to the last one before it.
own_reads AS (
  SELECT r.run_id, r.icount, r.seq, r.linear, r.physical, r.size, r.value, max(i.seq) AS owner
  FROM reads r JOIN instructions i ON i.run_id = r.run_id AND i.icount = r.icount AND i.seq < r.seq
  GROUP BY ALL
),
read_lists AS (
  SELECT run_id, icount, owner, list_transform(
    list_sort(list({seq: seq, linear: linear, physical: physical, size: size, value: value})),
    a -> {linear: a.linear, physical: a.physical, size: a.size, value: a.value}) AS reads
  FROM own_reads GROUP BY ALL
),
own_stores AS (
  SELECT s.run_id, s.icount, s.seq, s.linear, s.physical, s.size, s.old, s.new, max(i.seq) AS owner
  FROM stores s JOIN instructions i ON i.run_id = s.run_id AND i.icount = s.icount AND i.seq < s.seq
  GROUP BY ALL
),
store_lists AS (
  SELECT run_id, icount, owner, list_transform(
    list_sort(list({seq: seq, linear: linear, physical: physical, size: size, old: old, new: new})),
    a -> {linear: a.linear, physical: a.physical, size: a.size, old: a.old, new: a.new}) AS stores
  FROM own_stores GROUP BY ALL
)
SELECT i.run_id, i.icount, i.seq, symbol(i.run_id, i.eip) AS code, i.instruction, i.eip, i.cpl, i.depth, i.cr3, i.process, i.thread,
  i.eax, i.ecx, i.edx, i.ebx, i.esp, i.ebp, i.esi, i.edi, i.eflags, r.reads, s.stores
FROM instructions i
LEFT JOIN read_lists r ON r.run_id = i.run_id AND r.icount = i.icount AND r.owner = i.seq
LEFT JOIN store_lists s ON s.run_id = i.run_id AND s.icount = i.icount AND s.owner = i.seq
ORDER BY i.run_id, i.seq

-- Instructions with their memory operands
--
-- One row per started instruction (detail instructions), with its place and its memory reads and writes. An instruction that faulted has
-- the accesses that it made before the fault. The rows are in no order: sorting what is long takes as long as all else.
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
-- Accesses are found by icount, so that of a query for a stretch of the run DuckDB reads that stretch alone: it knows by the equality of a
-- join that does not leave out rows (ANTI) that the others are in the stretch too.
accesses AS NOT MATERIALIZED (
  SELECT run_id, icount, seq, true AS is_read, linear, physical, size, value, NULL AS old FROM reads
  UNION ALL
  SELECT run_id, icount, seq, false, linear, physical, size, new, old FROM stores
),
-- Most instructions have one access and most icounts one instruction. Only the other icounts need lists, and the search of an owner: an
-- instruction that faulted has the icount of the next one that was started, and an access belongs to the last one before it.
crowded AS NOT MATERIALIZED (
  SELECT a.run_id, a.icount
  FROM accesses a JOIN instructions i ON i.run_id = a.run_id AND i.icount = a.icount AND i.seq < a.seq
  GROUP BY ALL HAVING count(*) > 1
),
owned AS (
  SELECT a.run_id, a.icount, a.seq, a.is_read, a.linear, a.physical, a.size, a.value, a.old, max(i.seq) AS owner
  FROM accesses a
  JOIN crowded c ON c.run_id = a.run_id AND c.icount = a.icount
  JOIN instructions i ON i.run_id = a.run_id AND i.icount = a.icount AND i.seq < a.seq
  GROUP BY ALL
),
lists AS (
  SELECT run_id, icount, owner,
  list_transform(list_sort(list({seq: seq, linear: linear, physical: physical, size: size, value: value}) FILTER (is_read)),
    a -> {linear: a.linear, physical: a.physical, size: a.size, value: a.value}) AS reads,
  list_transform(list_sort(list({seq: seq, linear: linear, physical: physical, size: size, old: old, new: value}) FILTER (NOT is_read)),
    a -> {linear: a.linear, physical: a.physical, size: a.size, old: a.old, new: a.new}) AS stores
  FROM owned GROUP BY ALL
),
lone AS (
  SELECT a.*
  FROM accesses a LEFT JOIN crowded c ON c.run_id = a.run_id AND c.icount = a.icount
  WHERE c.icount IS NULL
)
SELECT i.run_id, i.icount, i.seq, symbol(i.run_id, i.eip) AS code, i.instruction, i.eip, i.cpl, i.depth, i.cr3, i.process, i.thread,
  i.eax, i.ecx, i.edx, i.ebx, i.esp, i.ebp, i.esi, i.edi, i.eflags,
  CASE WHEN a.is_read THEN [{linear: a.linear, physical: a.physical, size: a.size, value: a.value}] ELSE l.reads END AS reads,
  CASE WHEN NOT a.is_read THEN [{linear: a.linear, physical: a.physical, size: a.size, old: a.old, new: a.value}] ELSE l.stores END AS stores
FROM instructions i
LEFT JOIN lone a ON a.run_id = i.run_id AND a.icount = i.icount AND a.seq > i.seq
LEFT JOIN lists l ON l.run_id = i.run_id AND l.icount = i.icount AND l.owner = i.seq

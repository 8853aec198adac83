-- System calls, with number, arguments and result
--
-- One row per entry from CPL 3 by a software INT, SYSENTER or a call gate (detail system_calls). Names and arguments follow `systemCalls` of
-- the guest profile; without it, the name is NULL, and the arguments are those of Linux or, through a call gate, on the stack. The return of
-- a call gate is the next return to CPL 3 by the same thread of the same process: that of a signal handler's start, if the call was interrupted.
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before the entry
-- @column seq position among all events of the run
-- @column number EAX on entry: the number of the call on most systems
-- @column name name of the call; NULL if the profile has none
-- @column process calling process, comm[pid]
-- @column cr3 physical address of its page directory, bytes
-- @column eip EIP of the INT, SYSENTER or CALL, in the program
-- @column esp ESP when the event was made; NULL in a trace of version 0.2 or before
-- @column arguments the first arguments: six from registers (EBX, ECX, EDX, ESI, EDI, EBP), or three from the stack
-- @column returned_icount icount of the return to the program; NULL if it never returned
-- @column result EAX on return
-- @column carry EFLAGS.CF on return: BSD sets it when the call failed and the result is its error number
-- @column instructions instructions from entry to return, including those of interrupts and other processes
-- @column interrupt_id the delivery (interrupts.id); NULL for a call gate
-- @column vector IDT vector; 0 for SYSENTER, NULL for a call gate
-- @column selector selector of the call gate; NULL for INT and SYSENTER
WITH through_gates AS (
  -- Without a profile that names processes, all have the same id here, none.
  SELECT run_id, seq, op, lead(struct_pack(op := op, icount := icount, eax := eax, eflags := eflags)) OVER (
    PARTITION BY run_id, cr3, thread, regexp_extract(process, '\d+\]$') ORDER BY seq) AS next
  FROM system_call_events WHERE op IN ('gate', 'return')
),
entries AS (FROM system_call_events WHERE op IN ('enter', 'gate')),
returns AS (
  SELECT e.run_id, e.seq, r.icount, r.eax, r.eflags
  FROM entries e JOIN system_call_events r ON r.run_id = e.run_id AND r.interrupt_id = e.interrupt_id AND r.op = 'leave'
  UNION ALL
  SELECT run_id, seq, next.icount, next.eax, next.eflags FROM through_gates WHERE op = 'gate' AND next.op = 'return'
)
SELECT e.run_id, e.icount, e.seq, e.eax AS number, n.name, e.process, e.cr3, e.eip, e.esp,
  CASE WHEN coalesce(n.by_stack = 1, e.op = 'gate') THEN [e.stack1, e.stack2, e.stack3]
    ELSE [e.ebx, e.ecx, e.edx, e.esi, e.edi, e.ebp] END AS arguments,
  r.icount AS returned_icount, r.eax AS result, carry_of(r.eflags)::UTINYINT AS carry, r.icount - e.icount AS instructions,
  CASE WHEN e.op = 'enter' THEN e.interrupt_id END AS interrupt_id,
  CASE WHEN e.op = 'enter' THEN e.gate::UTINYINT END AS vector,
  CASE WHEN e.op = 'gate' THEN e.gate END AS selector
FROM entries e
LEFT JOIN returns r ON r.run_id = e.run_id AND r.seq = e.seq
LEFT JOIN system_call_names n ON n.run_id = e.run_id AND n.number = e.eax
  AND CASE WHEN e.op = 'gate' THEN e.gate = n.selector ELSE e.gate = n.vector OR e.gate = 0 END
ORDER BY e.run_id, e.seq

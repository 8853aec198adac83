-- System calls, with number, arguments and result
--
-- One row per entry from CPL 3 by a software INT or SYSENTER (detail system_calls). Names and arguments follow `systemCalls` of the guest
-- profile; without it, the name is NULL and the arguments are those of Linux.
-- @column run_id index of the trace among those given, from 0
-- @column icount instructions retired before the entry
-- @column seq position among all events of the run
-- @column number EAX on entry: the number of the call on most systems
-- @column name name of the call; NULL if the profile has none
-- @column process calling process, comm[pid]
-- @column cr3 physical address of its page directory, bytes
-- @column eip EIP of the INT or SYSENTER, in the program
-- @column arguments the first arguments: six from registers (EBX, ECX, EDX, ESI, EDI, EBP), or three from the stack
-- @column returned_icount icount of the return to the program; NULL if it never returned
-- @column result EAX on return
-- @column instructions instructions from entry to return, including those of interrupts and other processes
-- @column interrupt_id the delivery (interrupts.id)
-- @column vector IDT vector; 0 for SYSENTER
WITH entries AS (FROM system_call_events WHERE op = 'enter'),
returns AS (FROM system_call_events WHERE op = 'leave')
SELECT e.run_id, e.icount, e.seq, e.eax AS number, n.name, e.process, e.cr3, e.eip,
  CASE WHEN n.by_stack = 1 THEN [e.stack1, e.stack2, e.stack3] ELSE [e.ebx, e.ecx, e.edx, e.esi, e.edi, e.ebp] END AS arguments,
  r.icount AS returned_icount, r.eax AS result, r.icount - e.icount AS instructions, e.interrupt_id, e.vector
FROM entries e
LEFT JOIN returns r ON r.run_id = e.run_id AND r.interrupt_id = e.interrupt_id
LEFT JOIN system_call_names n ON n.run_id = e.run_id AND n.number = e.eax AND (e.vector = n.vector OR e.vector = 0)
ORDER BY e.run_id, e.seq

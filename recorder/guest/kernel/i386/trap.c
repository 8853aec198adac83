/*
 * Traps: page faults are resolved, other mistakes of a process end it, those
 * of the kernel end everything.
 */
#include "cpu.h"
#include "intr.h"
#include "proc.h"

#define SIGILL		4
#define SIGFPE		8
#define SIGSEGV		11

void	trap(struct trapframe *);
void	ast(void);

static void
trap_panic(struct trapframe *tf, uint32_t cr2)
{
	printf("\ntrap %d code %x eip %x cs %x eflags %x cr2 %x cr3 %x cpl %x\n",
	    tf->tf_trapno, tf->tf_err, tf->tf_eip, tf->tf_cs, tf->tf_eflags,
	    cr2, rcr3(), cpl);
	printf("eax %x ebx %x ecx %x edx %x esi %x edi %x ebp %x\n",
	    tf->tf_eax, tf->tf_ebx, tf->tf_ecx, tf->tf_edx, tf->tf_esi,
	    tf->tf_edi, tf->tf_ebp);
	if (tf->tf_trapno == T_PAGEFLT)
		panic("page fault in the kernel at %x, address %x",
		    tf->tf_eip, cr2);
	panic("trap %d in the kernel at %x", tf->tf_trapno, tf->tf_eip);
}

static void
user_trap(struct trapframe *tf, uint32_t cr2)
{
	int sig = tf->tf_trapno == T_DIVIDE ? SIGFPE :
	    tf->tf_trapno == 6 ? SIGILL : SIGSEGV;

	printf("pid %d (%s): trap %d code %x eip %x esp %x address %x\n",
	    curproc->p_pid, curproc->p_comm, tf->tf_trapno, tf->tf_err,
	    tf->tf_eip, tf->tf_esp, cr2);
	exit1(sig);
}

/* True when the fault was resolved or has somewhere to go. */
static boolean_t
page_fault(struct trapframe *tf, uint32_t cr2)
{
	int prot = tf->tf_err & PGEX_W ? VM_PROT_RW : VM_PROT_READ;

	if (curproc == NULL || cr2 >= USRSTACK)
		return 0;
	if (!USERMODE(tf) && curproc->p_onfault == NULL)
		return 0;
	if (vm_fault(curproc->p_vmspace, cr2, prot) == 0)
		return 1;
	if (USERMODE(tf))
		return 0;
	tf->tf_eip = (uint32_t)curproc->p_onfault;
	return 1;
}

void
trap(struct trapframe *tf)
{
	uint32_t cr2 = rcr2();

	if (tf->tf_eflags & PSL_I)
		enable_intr();
	if (tf->tf_trapno == SYSCALL_VECTOR) {
		syscall(tf);
		return;
	}
	if (tf->tf_trapno == T_PAGEFLT && page_fault(tf, cr2))
		return;
	if (USERMODE(tf))
		user_trap(tf, cr2);
	trap_panic(tf, cr2);
}

/* On the way back to user mode, when it is someone else's turn. */
void
ast(void)
{
	int s = splhigh();

	want_resched = 0;
	setrunqueue(curproc);
	mi_switch();
	splx(s);
}

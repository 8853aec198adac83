/* New processes. */
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "vnode.h"

static int next_pid = 1;

static struct proc *
proc_alloc(void)
{
	struct proc *p;

	for (p = &proc[1]; p < &proc[NPROC]; p++)
		if (p->p_stat == SFREE) {
			bzero(p, sizeof *p);
			p->p_stat = SIDL;
			p->p_pid = next_pid++;
			return p;
		}
	return NULL;
}

/*
 * Copies the pcb and the kernel stack of the parent to the child, through the
 * kernel's mapping of the child's pages. The child begins in fork_trampoline,
 * with its parent's frame still on the stack.
 */
static void
cpu_fork(struct proc *child, void (*start)(void))
{
	struct trapframe *frame = (struct trapframe *)KSTACK_TOP - 1;
	vm_offset_t up = (vm_offset_t)child->p_addr;
	struct pcb *pcb = &child->p_addr->u_pcb;

	bcopy((void *)KSTACK, (void *)up, ptob(UPAGES));
	pcb->pcb_cr3 = child->p_vmspace->vm_pmap.pm_pdirpa;
	pcb->pcb_esp = (uint32_t)frame;
	pcb->pcb_eip = (uint32_t)fork_trampoline;
	pcb->pcb_ebx = (uint32_t)start;
	pcb->pcb_ebp = 0;
	frame = (struct trapframe *)(up + ptob(UPAGES)) - 1;
	frame->tf_eax = 0;
	frame->tf_eflags &= ~PSL_C;
}

/* `start' is the function of a process that has no user half yet. */
int
fork1(struct proc *parent, void (*start)(void), struct proc **result)
{
	struct proc *child = proc_alloc();

	if (child == NULL)
		return EAGAIN;
	strlcpy(child->p_comm, parent->p_comm, sizeof child->p_comm);
	child->p_pptr = parent;
	if (!vm_fork(parent, child)) {
		child->p_stat = SFREE;
		return ENOMEM;
	}
	fd_copy(parent, child);
	cpu_fork(child, start);
	*result = child;
	setrunqueue(child);
	return 0;
}

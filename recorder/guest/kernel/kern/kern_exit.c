/* The end of a process, and who waits for it. */
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "vnode.h"

/* The first process has ended: so does the machine. */
static void
shut_down(int status)
{
	vfs_sync();
	machine_exit(status == 0 ? EXIT_OK : EXIT_CORRUPT);
}

void
exit1(int status)
{
	struct proc *p = curproc, *q;

	if (p == initproc)
		shut_down(status);
	fd_close_all(p);
	vmspace_clear(p->p_vmspace);
	for (q = proc; q < &proc[NPROC]; q++)
		if (q->p_pptr == p) {
			q->p_pptr = initproc;
			if (q->p_stat == SZOMB)
				wakeup(initproc);
		}
	splhigh();
	p->p_xstat = status;
	p->p_stat = SZOMB;
	wakeup(p->p_pptr);
	mi_switch();
	panic("exit: a zombie runs");
}

/* Waits for child `pid', or any for -1. */
int
wait1(int pid, int *status, int *found)
{
	struct proc *p;
	boolean_t any;
	int s;

	for (;;) {
		any = 0;
		s = splhigh();
		for (p = proc; p < &proc[NPROC]; p++) {
			if (p->p_stat == SFREE || p->p_pptr != curproc ||
			    (pid != -1 && p->p_pid != pid))
				continue;
			any = 1;
			if (p->p_stat != SZOMB)
				continue;
			splx(s);
			*found = p->p_pid;
			*status = p->p_xstat;
			vm_waitproc(p);
			p->p_pptr = NULL;
			p->p_stat = SFREE;
			return 0;
		}
		if (any)
			tsleep(curproc, "wait", 0);
		splx(s);
		if (!any)
			return ECHILD;
	}
}

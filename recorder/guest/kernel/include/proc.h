/*
 * Processes.
 */
#ifndef PROC_H
#define PROC_H

#include "cpu.h"
#include "param.h"
#include "vm.h"

/* What a switch saves; at the start of UPAGES. The offsets are in swtch.S. */
struct pcb {
	uint32_t pcb_esp, pcb_ebp, pcb_ebx, pcb_esi, pcb_edi, pcb_eip;
	uint32_t pcb_cr3;
};

struct user {
	struct pcb u_pcb;
};

enum pstat { SFREE, SIDL, SRUN, SSLEEP, SZOMB };

struct file;

/* Offsets: profile.json has p_pid and p_comm, swtch.S p_addr, copy.S p_onfault. */
struct proc {
	int	p_pid;
	char	p_comm[16];
	struct user *p_addr;		/* kernel's mapping of UPAGES */
	void	*p_onfault;		/* where a failed copyin goes on */
	struct vmspace *p_vmspace;
	enum pstat p_stat;
	struct link p_link;		/* run or sleep queue */
	const void *p_wchan;
	const char *p_wmesg;
	int	p_wakeup_at;		/* tick; 0 = no timeout */
	boolean_t p_timedout;
	struct proc *p_pptr;
	int	p_xstat;
	vm_page_t p_upages[UPAGES];
	struct file *p_fd[NOFILE];
};

extern struct proc proc[NPROC], *curproc, *initproc;
extern volatile int want_resched;
#define proc0	(proc[0])

/* kern/kern_synch.c */
void	sched_init(void);
void	setrunqueue(struct proc *);
struct proc *chooseproc(void);
void	mi_switch(void);
int	tsleep(const void *chan, const char *wmesg, int timo);
void	wakeup(const void *chan);
void	wakeup_timeouts(void);

/* i386/swtch.S */
void	cpu_switch(void);
void	fork_trampoline(void);

/* kern/kern_fork.c, kern_exec.c, kern_exit.c */
int	fork1(struct proc *parent, void (*start)(void), struct proc **child);
int	exec(const char *path, char *args, int argc, size_t bytes, struct trapframe *);
void	exit1(int status) __attribute__((noreturn));
int	wait1(int pid, int *status, int *found);

/* i386/copy.S: 0 or EFAULT */
int	copyin(const void *user, void *to, size_t len);
int	copyout(const void *from, void *user, size_t len);
int	copyinstr(const char *user, char *to, size_t size);

/* kern/syscalls.c */
void	syscall(struct trapframe *);

#endif

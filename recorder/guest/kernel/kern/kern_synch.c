/* Sleep and wakeup, and whose turn it is. */
#include "cpu.h"
#include "intr.h"
#include "proc.h"

#define NSLEEPQ		32

struct proc proc[NPROC], *curproc, *initproc;
volatile int want_resched;

static struct link runq, sleepq[NSLEEPQ];

void
sched_init(void)
{
	int i;

	list_init(&runq);
	for (i = 0; i < NSLEEPQ; i++)
		list_init(&sleepq[i]);
}

static struct link *
queue_of(const void *chan)
{
	return &sleepq[((uint32_t)chan >> 4) % NSLEEPQ];
}

void
setrunqueue(struct proc *p)
{
	int s = splhigh();

	p->p_stat = SRUN;
	list_append(&runq, &p->p_link);
	splx(s);
}

/* For cpu_switch: takes the next process off the run queue. */
struct proc *
chooseproc(void)
{
	struct link *l = runq.next;

	if (list_empty(&runq))
		return NULL;
	list_remove(l);
	return list_entry(l, struct proc, p_link);
}

/* Gives the processor away. The caller has put curproc where it belongs. */
void
mi_switch(void)
{
	cpu_switch();
}

/*
 * Sleeps until wakeup(chan), or for `timo' ticks if not 0; then EAGAIN. The
 * spl of the caller holds again when it returns, but not meanwhile.
 */
int
tsleep(const void *chan, const char *wmesg, int timo)
{
	struct proc *p = curproc;
	int s;

	if (cold)
		panic("tsleep: %s while cold", wmesg);
	s = splhigh();
	p->p_wchan = chan;
	p->p_wmesg = wmesg;
	p->p_timedout = 0;
	p->p_wakeup_at = timo == 0 ? 0 : ticks + timo;
	p->p_stat = SSLEEP;
	list_append(queue_of(chan), &p->p_link);
	mi_switch();
	splx(s);
	return p->p_timedout ? EAGAIN : 0;
}

static void
awaken(struct proc *p)
{
	list_remove(&p->p_link);
	p->p_wchan = NULL;
	p->p_wakeup_at = 0;
	setrunqueue(p);
}

void
wakeup(const void *chan)
{
	struct link *head = queue_of(chan), *l, *next;
	int s = splhigh();

	for (l = head->next; l != head; l = next) {
		next = l->next;
		if (list_entry(l, struct proc, p_link)->p_wchan == chan)
			awaken(list_entry(l, struct proc, p_link));
	}
	splx(s);
}

/* From the clock. */
void
wakeup_timeouts(void)
{
	struct proc *p;
	int s = splhigh();

	for (p = proc; p < &proc[NPROC]; p++) {
		if (p->p_stat != SSLEEP || p->p_wakeup_at == 0 ||
		    p->p_wakeup_at - ticks > 0)
			continue;
		p->p_timedout = 1;
		awaken(p);
	}
	splx(s);
}

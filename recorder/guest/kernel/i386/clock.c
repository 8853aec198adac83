/*
 * The clock interrupt: timeouts, preemption, and a watch over the whole.
 */
#include "cpu.h"
#include "intr.h"
#include "proc.h"

#define TIMER_HZ	1193182
#define TIMER		0x40
#define RATE_GENERATOR	0x34		/* channel 0, both bytes, mode 2 */
#define QUANTUM		2		/* ticks */
#define PATIENCE	(20 * HZ)	/* ticks without anyone in user mode */

volatile int ticks;
static int user_seen;

static void
hardclock(void *arg)
{
	struct trapframe *frame = arg;

	ticks++;
	if (USERMODE(frame))
		user_seen = ticks;
	if (ticks - user_seen > PATIENCE) {
		printf("\nwatchdog: no process has run for %d seconds\n",
		    PATIENCE / HZ);
		machine_exit(EXIT_WATCHDOG);
	}
	if (ticks % QUANTUM == 0)
		want_resched = 1;
	wakeup_timeouts();
}

void
clock_init(void)
{
	int count = (TIMER_HZ + HZ / 2) / HZ;

	outb(TIMER + 3, RATE_GENERATOR);
	outb(TIMER, count & 0xff);
	outb(TIMER, count >> 8);
	register_intr(IRQ_CLOCK, hardclock, clock_imask);
}

/*
 * Soft interrupt priority levels. `cpl' has a bit for each IRQ held off. The
 * lines themselves stay open: an IRQ that is held off enters its stub, which
 * notes it in `ipending', masks the line and returns. splx then runs what is
 * pending by a software interrupt.
 */
#ifndef INTR_H
#define INTR_H

#include "param.h"

#define IRQ_CLOCK	0
#define IRQ_DISK	14
#define SPL_ALL		0xffffu

extern volatile uint32_t cpl, ipending;
extern uint32_t	bio_imask, clock_imask;

void	icu_init(void);
void	register_intr(int irq, void (*handler)(void *frame), uint32_t mask);
void	splz(void);

static inline int
splraise(uint32_t mask)
{
	int old = cpl;

	cpl = old | mask;
	__asm volatile("" : : : "memory");
	return old;
}

static inline int splbio(void) { return splraise(bio_imask); }
static inline int splclock(void) { return splraise(clock_imask); }
static inline int splhigh(void) { return splraise(SPL_ALL); }

static inline void
splx(int s)
{
	__asm volatile("" : : : "memory");
	cpl = s;
	if (ipending & ~s)
		splz();
}

static inline int
spl0(void)
{
	int old = cpl;

	splx(0);
	return old;
}

#endif

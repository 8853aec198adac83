/*
 * The processor: ports, control registers, frames, selectors.
 */
#ifndef CPU_H
#define CPU_H

#include "param.h"

#define KCSEL		0x08
#define KDSEL		0x10
#define UCSEL		0x1b
#define UDSEL		0x23
#define TSSSEL		0x28
#define DFTSSSEL	0x30

#define PSL_C		0x1
#define PSL_I		0x200

#define T_DIVIDE	0
#define T_DOUBLEFLT	8
#define T_PAGEFLT	14
#define PGEX_P		1
#define PGEX_W		2
#define PGEX_U		4

#define ICU_OFFSET	32		/* vector of IRQ 0 */
#define SYSCALL_VECTOR	0x80

/* As i386/vector.S pushes it, for traps, system calls and interrupts alike. */
struct trapframe {
	uint32_t tf_es, tf_ds;
	uint32_t tf_edi, tf_esi, tf_ebp, tf_isp, tf_ebx, tf_edx, tf_ecx, tf_eax;
	uint32_t tf_trapno, tf_err;
	uint32_t tf_eip, tf_cs, tf_eflags;
	uint32_t tf_esp, tf_ss;		/* only from user mode */
};

#define USERMODE(tf)	(((tf)->tf_cs & 3) == 3)

static inline uint8_t
inb(int port)
{
	uint8_t v;
	__asm volatile("inb %%dx, %0" : "=a" (v) : "d" (port));
	return v;
}

static inline void
outb(int port, int v)
{
	__asm volatile("outb %0, %%dx" : : "a" ((uint8_t)v), "d" (port));
}

static inline void
insw(int port, void *to, int words)
{
	__asm volatile("cld; rep insw" : "+D" (to), "+c" (words) : "d" (port) : "memory");
}

static inline void
outsw(int port, const void *from, int words)
{
	__asm volatile("cld; rep outsw" : "+S" (from), "+c" (words) : "d" (port) : "memory");
}

static inline uint32_t
rcr2(void)
{
	uint32_t v;
	__asm volatile("movl %%cr2, %0" : "=r" (v));
	return v;
}

static inline uint32_t
rcr3(void)
{
	uint32_t v;
	__asm volatile("movl %%cr3, %0" : "=r" (v));
	return v;
}

static inline void enable_intr(void) { __asm volatile("sti" : : : "memory"); }
static inline void disable_intr(void) { __asm volatile("cli" : : : "memory"); }

/* i386/machdep.c */
void	machine_init(void);
void	machine_exit(int code) __attribute__((noreturn));
#define EXIT_OK		0x10
#define EXIT_PANIC	0x11
#define EXIT_DOUBLE	0x12
#define EXIT_CORRUPT	0x13
#define EXIT_WATCHDOG	0x14
extern boolean_t cold;			/* no process may sleep yet */

/* i386/cons.c */
void	cnputc(int c);

/* i386/clock.c */
void	clock_init(void);
extern volatile int ticks;

#endif

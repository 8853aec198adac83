/*
 * Tables of the processor: segments, gates, task states. And the way out.
 */
#include "cpu.h"
#include "intr.h"
#include "pmap.h"
#include "proc.h"

struct gate {
	uint16_t offset_low, selector;
	uint8_t	zero, type;
	uint16_t offset_high;
};

#define GATE_INTR	0x8e
#define GATE_INTR_USER	0xee
#define GATE_TASK	0x85
#define SEG_TSS		0x89

struct tss {
	uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs, ldt;
	uint16_t trap, iomap;
};

struct region {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

extern const uint32_t trap_gates[18], intr_gates[16];
extern void trap_syscall(void);

boolean_t cold = 1;

static uint64_t gdt[7];
static struct gate idt[256];
static struct tss tss, double_fault_tss;
static uint32_t double_fault_stack[1024];

static uint64_t
segment(uint32_t base, uint32_t limit, uint32_t access, uint32_t flags)
{
	uint32_t low = base << 16 | (limit & 0xffff);
	uint32_t high = (base & 0xff000000) | flags << 20 | (limit & 0xf0000) |
	    access << 8 | (base >> 16 & 0xff);

	return (uint64_t)high << 32 | low;
}

static void
setgate(int vector, uint32_t offset, int selector, int type)
{
	idt[vector] = (struct gate){ offset & 0xffff, selector, 0, type,
	    offset >> 16 };
}

/*
 * A double fault cannot be taken on the stack that caused it: a child whose
 * kernel stack is not mapped faults on its first push. A task gate brings a
 * stack, and a page directory that is known to be good.
 */
static void
double_fault(void)
{
	printf("\ndouble fault: eip %x esp %x ebp %x cr2 %x\n",
	    tss.eip, tss.esp, tss.ebp, rcr2());
	if (curproc != NULL)
		printf("running: pid %d (%s), page directory %x\n",
		    curproc->p_pid, curproc->p_comm,
		    curproc->p_vmspace->vm_pmap.pm_pdirpa);
	machine_exit(EXIT_DOUBLE);
}

void
machine_init(void)
{
	struct region gdtr = { sizeof gdt - 1, (uint32_t)gdt };
	struct region idtr = { sizeof idt - 1, (uint32_t)idt };
	int i;

	gdt[KCSEL >> 3] = segment(0, 0xfffff, 0x9a, 0xc);
	gdt[KDSEL >> 3] = segment(0, 0xfffff, 0x92, 0xc);
	gdt[UCSEL >> 3] = segment(0, 0xfffff, 0xfa, 0xc);
	gdt[UDSEL >> 3] = segment(0, 0xfffff, 0xf2, 0xc);
	gdt[TSSSEL >> 3] = segment((uint32_t)&tss, sizeof tss - 1, SEG_TSS, 0);
	gdt[DFTSSSEL >> 3] = segment((uint32_t)&double_fault_tss,
	    sizeof tss - 1, SEG_TSS, 0);

	for (i = 0; i < 18; i++)
		if (trap_gates[i] != 0)
			setgate(i, trap_gates[i], KCSEL, GATE_INTR);
	setgate(3, trap_gates[3], KCSEL, GATE_INTR_USER);
	setgate(T_DOUBLEFLT, 0, DFTSSSEL, GATE_TASK);
	for (i = 0; i < 16; i++)
		setgate(ICU_OFFSET + i, intr_gates[i], KCSEL, GATE_INTR);
	setgate(SYSCALL_VECTOR, (uint32_t)trap_syscall, KCSEL, GATE_INTR_USER);

	tss.esp0 = KSTACK_TOP;
	tss.ss0 = KDSEL;
	tss.iomap = sizeof tss;

	double_fault_tss.cr3 = rcr3();
	double_fault_tss.eip = (uint32_t)double_fault;
	double_fault_tss.esp = (uint32_t)(double_fault_stack + 1024);
	double_fault_tss.cs = KCSEL;
	double_fault_tss.ds = double_fault_tss.es = double_fault_tss.ss = KDSEL;
	double_fault_tss.fs = double_fault_tss.gs = 0;
	double_fault_tss.eflags = 2;
	double_fault_tss.iomap = sizeof tss;

	__asm volatile("lgdt %0; lidt %1" : : "m" (gdtr), "m" (idtr));
	__asm volatile("ljmp %0, $1f; 1:" : : "i" (KCSEL));
	__asm volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%ss;"
	    "movl %1, %%fs; movl %1, %%gs" : : "r" (KDSEL), "r" (0));
	__asm volatile("ltr %w0" : : "r" (TSSSEL));
}

/* The debug-exit port of the emulated machine. */
#define EXIT_PORT	0xf4

void
machine_exit(int code)
{
	disable_intr();
	outb(EXIT_PORT, code);
	for (;;)
		__asm volatile("hlt");
}

/*
 * The interrupt controllers, and who handles what. vector.S has the stubs.
 */
#include "cpu.h"
#include "intr.h"

#define ICU1		0x20
#define ICU2		0xa0
#define CASCADE		0x0004

volatile uint32_t cpl = SPL_ALL, ipending;
uint32_t bio_imask = 1 << IRQ_DISK, clock_imask = 1 << IRQ_CLOCK;

/* Lines masked in the controllers. */
uint16_t imen = 0xffff & ~CASCADE;
uint32_t intr_mask[16];
void	(*intr_handler[16])(void *frame);

static void
write_masks(void)
{
	outb(ICU1 + 1, imen & 0xff);
	outb(ICU2 + 1, imen >> 8);
}

void
icu_init(void)
{
	outb(ICU1, 0x11);
	outb(ICU1 + 1, ICU_OFFSET);
	outb(ICU1 + 1, CASCADE);
	outb(ICU1 + 1, 1);
	outb(ICU2, 0x11);
	outb(ICU2 + 1, ICU_OFFSET + 8);
	outb(ICU2 + 1, 2);
	outb(ICU2 + 1, 1);
	write_masks();
}

/* `mask' is the cpl under which the handler runs. */
void
register_intr(int irq, void (*handler)(void *frame), uint32_t mask)
{
	intr_handler[irq] = handler;
	intr_mask[irq] = mask | 1 << irq;
	imen &= ~(1 << irq);
	write_masks();
}

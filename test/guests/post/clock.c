/* The clock interrupt: 100 times a second the running thread is charged a tick, in its usage frame. */
#include "post.h"

static void charge(struct thread *thread)
{
	u32 before = kmap_table[0];
	struct usage *usage = kmap(thread->usage);
	if (usage->magic != USAGE_MAGIC)
		panic("bad magic in the usage of ", thread->name, usage->magic);
	usage->ticks++;
	kunmap();
	/* The bug: whoever was using the slot is left with the usage frame, unless the command line says "careful". */
	if (careful)
		kmap(before);
}

void clock_interrupt(void)
{
	outb(0x20, 0x20);
	charge(current);
}

void start_clock(void)
{
	static const u8 commands[][2] = {
		{0x20, 0x11}, {0xa0, 0x11}, {0x21, 32}, {0xa1, 40}, {0x21, 4},
		{0xa1, 2},    {0x21, 1},    {0xa1, 1},  {0x21, 0xfe}, {0xa1, 0xff},
	};
	for (u32 i = 0; i < sizeof commands / sizeof *commands; i++)
		outb(commands[i][0], commands[i][1]);
	outb(0x43, 0x34);
	outb(0x40, 11932 & 255);
	outb(0x40, 11932 >> 8);
}

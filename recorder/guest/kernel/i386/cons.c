/* The console: the first serial port. */
#include "cpu.h"

#define COM1		0x3f8

void
cnputc(int c)
{
	if (c == '\n')
		outb(COM1, '\r');
	outb(COM1, c);
}

/* Text on COM1, and the ways in which the kernel ends. */
#include "post.h"

static void print_char(char c)
{
	while (!(inb(0x3fd) & 0x20))
		;
	outb(0x3f8, c);
}

void print(const char *text)
{
	while (*text)
		print_char(*text++);
}

void print_hex(u32 value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		print_char("0123456789abcdef"[value >> shift & 15]);
}

/* The exit port of the emulated PC; on another machine the kernel just stops. */
void leave(u8 code)
{
	outb(0xf4, code);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void panic(const char *text, const char *who, u32 value)
{
	__asm__ volatile("cli");
	print("panic: ");
	print(text);
	print(who);
	print(": ");
	print_hex(value);
	print("\n");
	leave(1);
}

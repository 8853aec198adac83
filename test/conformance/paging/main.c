/* Sets up segments, an identity map of 8 MB and a user page; runs the checks; says how they went. */
#include "kernel.h"

u32 directory[1024] __attribute__((aligned(4096)));
u32 other_directory[1024] __attribute__((aligned(4096)));
static u32 identity[2][1024] __attribute__((aligned(4096)));
static u32 user_table[1024] __attribute__((aligned(4096)));
static u32 gdt[12], idt[2 * 256], tss[26], fault_stack[256];
struct { unsigned short limit; u32 base; } __attribute__((packed)) gdt_pointer, idt_pointer;
int has_wp, has_invlpg, has_pse, has_pge;
u32 checks, wrong;

extern char user_text[];
void load_tables(void);
void page_fault(void);
void from_user(void);
void unexpected(void);

static void out(unsigned short port, u8 value)
{
	__asm__ volatile("outb %0,%1" : : "a"(value), "Nd"(port));
}

void print(const char *text)
{
	while (*text)
		out(0xe9, *text++);
}

void print_hex(u32 value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		out(0xe9, "0123456789abcdef"[(value >> shift) & 15]);
}

void print_number(u32 value)
{
	if (value >= 10)
		print_number(value / 10);
	out(0xe9, '0' + value % 10);
}

static void exit_with(u8 code)
{
	out(0xf4, code);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void give_up(void)
{
	print("unexpected exception\n");
	exit_with(0x12);
}

static void gate(int vector, void (*handler)(void), int dpl)
{
	idt[2 * vector] = (8u << 16) | ((u32)handler & 0xffff);
	idt[2 * vector + 1] = ((u32)handler & 0xffff0000) | 0x8e00 | (dpl << 13);
}

static void segments(void)
{
	gdt[2] = gdt[4] = gdt[6] = gdt[8] = 0xffff;
	gdt[3] = 0xcf9a00;
	gdt[5] = 0xcf9200;
	gdt[7] = 0xcffa00;
	gdt[9] = 0xcff200;
	gdt[10] = ((u32)tss << 16) | (sizeof tss - 1);
	gdt[11] = ((u32)tss & 0xff000000) | (((u32)tss >> 16) & 0xff) | 0x8900;
	tss[1] = (u32)(fault_stack + 256);
	tss[2] = 0x10;
	for (int vector = 0; vector < 256; vector++)
		gate(vector, unexpected, 0);
	gate(14, page_fault, 0);
	gate(0x80, from_user, 3);
	gdt_pointer.limit = sizeof gdt - 1;
	gdt_pointer.base = (u32)gdt;
	idt_pointer.limit = sizeof idt - 1;
	idt_pointer.base = (u32)idt;
	load_tables();
}

/* Whether a bit of EFLAGS can be changed: AC tells a 486 from a 386, ID says that there is CPUID. */
static int changeable(u32 flag)
{
	u32 before, after;
	__asm__ volatile("pushf; pop %0; mov %0,%1; xor %2,%1; push %1; popf; pushf; pop %1; push %0; popf"
			 : "=&r"(before), "=&r"(after) : "r"(flag));
	return ((before ^ after) & flag) != 0;
}

static void processor(void)
{
	has_wp = has_invlpg = changeable(0x40000);
	if (changeable(0x200000)) {
		u32 eax = 1, edx;
		__asm__ volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
		has_pse = (edx >> 3) & 1;
		has_pge = (edx >> 13) & 1;
	}
	print("processor:");
	print(has_wp ? " WP INVLPG" : " 386");
	print(has_pse ? " PSE" : "");
	print(has_pge ? " PGE\n" : "\n");
}

static void paging(void)
{
	for (u32 n = 0; n < 2048; n++)
		identity[n >> 10][n & 1023] = (n << 12) | P | RW;
	directory[0] = (u32)identity[0] | P | RW;
	directory[1] = (u32)identity[1] | P | RW;
	user_table[0] = (u32)user_text | P | US;
	directory[257] = (u32)user_table | P | RW | US;
	for (int n = 0; n < 1024; n++)
		other_directory[n] = directory[n];
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG);
}

static void report(const char *what, void (*run)(void))
{
	checks = 0;
	run();
	print(what);
	print_number(checks);
	print(" checks\n");
}

int main(void)
{
	segments();
	processor();
	paging();
	report("rights: ", paging_rights);
	report("tlb: ", paging_tlb);
	print_number(wrong);
	print(" wrong\n");
	exit_with(wrong ? 0x11 : 0x10);
	return 0;
}

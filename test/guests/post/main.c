/* Sets up two address spaces, and lets their threads write to each other until five hundred letters have come. */
#include "post.h"

struct thread threads[2];
struct thread *current = &threads[0];
int careful;

static u32 low_table[1024] __attribute__((aligned(4096)));
static u32 directories[2][1024] __attribute__((aligned(4096)));
static u32 mailbox_tables[2][1024] __attribute__((aligned(4096)));
static u32 stacks[2][1024] __attribute__((aligned(16)));
static u32 idt[33][2];

extern void clock_entry(void), page_fault_entry(void);
extern void switch_to(u32 *save_esp, u32 esp, u32 cr3);

void page_fault(u32 eip)
{
	panic("page fault in ", current->name, eip);
}

static void think(u32 turns)
{
	for (volatile u32 i = 0; i < turns; i++)
		;
}

static void run_thread(void)
{
	static u32 letters;
	u32 seed = current->id;
	__asm__ volatile("sti");
	for (;;) {
		struct thread *self = current, *other = &threads[self == &threads[0]];
		seed = seed * 1664525 + 1013904223;
		think(seed >> 20);
		write_letter(other, seed);
		current = other;
		switch_to(&self->esp, other->esp, other->cr3);
		read_letter();
		if (++letters % 250 == 0) {
			print(current->name);
			print(" has letter ");
			print_hex(letters);
			print("\n");
		}
		if (letters == 500)
			leave(0);
	}
}

/* Frames that are not mapped: from 8 MB on. */
static u32 new_frame(void)
{
	static u32 next = 0x800000;
	return next += PAGE;
}

static void make_thread(struct thread *thread, u32 id)
{
	u32 *directory = directories[id - 1], *table = mailbox_tables[id - 1], *stack = stacks[id - 1] + 1024;
	thread->id = id;
	thread->name[0] = "?AB"[id];
	thread->mailbox = new_frame();
	thread->usage = new_frame();
	thread->cr3 = (u32)directory;
	directory[0] = (u32)low_table | PRESENT_WRITABLE;
	directory[KMAP >> 22] = (u32)kmap_table | PRESENT_WRITABLE;
	directory[MAILBOX >> 22] = (u32)table | PRESENT_WRITABLE;
	table[0] = thread->mailbox | PRESENT_WRITABLE;
	*--stack = 0;
	*--stack = (u32)run_thread;
	thread->esp = (u32)(stack - 4);
}

static void set_gate(int vector, void (*entry)(void))
{
	idt[vector][0] = 0x08 << 16 | ((u32)entry & 0xffff);
	idt[vector][1] = ((u32)entry & 0xffff0000) | 0x8e00;
}

static void read_command_line(const u32 *multiboot)
{
	if (!(multiboot[0] & 4))
		return;
	for (const char *text = (const char *)multiboot[4]; *text; text++)
		if (text[0] == ' ' && text[1] == 'c')
			careful = 1;
}

static void start_paging(void)
{
	u32 cr0;
	for (u32 i = 0; i < 1024; i++)
		low_table[i] = i * PAGE | PRESENT_WRITABLE;
	__asm__ volatile("mov %0,%%cr3" : : "r"(threads[0].cr3));
	__asm__ volatile("mov %%cr0,%0" : "=r"(cr0));
	__asm__ volatile("mov %0,%%cr0" : : "r"(cr0 | 0x80010000));
}

void main(const u32 *multiboot)
{
	static u32 boot_esp;
	struct {
		u16 limit;
		u32 base;
	} __attribute__((packed)) idtr = {sizeof idt - 1, (u32)idt};
	read_command_line(multiboot);
	print(careful ? "post: careful with the slot\n" : "post: two threads, one slot\n");
	set_gate(14, page_fault_entry);
	set_gate(32, clock_entry);
	__asm__ volatile("lidt %0" : : "m"(idtr));
	for (u32 id = 1; id <= 2; id++)
		make_thread(&threads[id - 1], id);
	start_paging();
	for (int i = 0; i < 2; i++)
		((struct usage *)kmap(threads[i].usage))->magic = USAGE_MAGIC;
	start_clock();
	switch_to(&boot_esp, threads[0].esp, threads[0].cr3);
}

/*
 * What the TLB may keep and what it must drop (SDM volume 3, 4.10). That a stale translation is used is not promised by
 * the manual: it is what a processor does whose TLB holds the page, as long as nothing evicts it.
 */
#include "kernel.h"

#define IN_A 0x0a0a0a0au
#define IN_B 0x0b0b0b0bu
#define PTE MEMORY(TABLE + SLOT * 4)

static void expect(const char *what, u32 got, u32 want)
{
	checks++;
	if (got == want)
		return;
	wrong++;
	print("tlb: ");
	print(what);
	print(": ");
	print_hex(got);
	print(" not ");
	print_hex(want);
	print("\n");
}

static u32 read(void)
{
	result = 0;
	attempt(READ, PAGE, 0);
	return fault_taken ? 0xfa000000 | fault_error : result;
}

static u32 write(void)
{
	attempt(WRITE, PAGE, IN_A);
	return fault_taken ? 0xfa000000 | fault_error : 0;
}

/* Maps frame A with `flags` in the table entry, and brings it into the TLB. */
static void map(u32 flags)
{
	MEMORY(FRAME_A) = IN_A;
	MEMORY(FRAME_B) = IN_B;
	directory[256] = TABLE | P | RW | US;
	PTE = FRAME_A | P | RW | flags;
	invlpg(PAGE);
	expect("fresh", read(), IN_A);
}

static void toggle_paging(void)
{
	write_cr0(read_cr0() & ~CR0_PG);
	write_cr0(read_cr0() | CR0_PG);
}

static void toggle_cr4(u32 bit)
{
	write_cr4(read_cr4() ^ bit);
	write_cr4(read_cr4() ^ bit);
}

static void flush_by_invlpg(void) { invlpg(PAGE); }
static void flush_by_paging(void) { toggle_paging(); }
static void flush_by_pse(void) { toggle_cr4(CR4_PSE); }
static void flush_by_pge(void) { toggle_cr4(CR4_PGE); }
static void flush_by_other_directory(void)
{
	other_directory[256] = directory[256];
	write_cr3((u32)other_directory);
	write_cr3((u32)directory);
}

/* The entry is changed to frame B: the old translation serves until `flush`. */
static void changed(const char *how, void (*flush)(void), u32 flags)
{
	map(flags);
	PTE = FRAME_B | P | RW | flags;
	expect("a changed entry is not seen", read(), IN_A);
	flush();
	expect(how, read(), IN_B);
}

static void rights(void)
{
	set_wp(1);
	map(0);
	write();
	PTE = FRAME_A | P | A | D;
	expect("rights taken away are not missed", write(), 0);
	invlpg(PAGE);
	if (has_wp) {
		expect("rights taken away, flushed", write(), 0xfa000000 | E_P | E_W);
		set_wp(0);
		expect("WP off needs no flush", write(), 0);
		set_wp(1);
		expect("WP on needs no flush", write(), 0xfa000000 | E_P | E_W);
		set_wp(0);
	}
	map(0);
	PTE = 0;
	expect("an absent page is not missed", read(), IN_A);
	invlpg(PAGE);
	expect("absent, flushed", read(), 0xfa000000);
	/* What is not present is not cached (4.10.2.3). */
	PTE = FRAME_B | P | RW;
	expect("present again, no flush needed", read(), IN_B);
	map(0);
	directory[256] = 0;
	expect("an absent table is not missed", read(), IN_A);
	reload_cr3();
	expect("absent table, flushed", read(), 0xfa000000);
	directory[256] = TABLE | P | RW | US;
}

static void accessed_dirty(void)
{
	map(0);
	expect("A after a read", PTE & (A | D), A);
	PTE = FRAME_A | P | RW;
	read();
	expect("A is not set again while cached", PTE & (A | D), 0);
	invlpg(PAGE);
	read();
	expect("A is set again after a flush", PTE & (A | D), A);
	write();
	expect("the first write sets D", PTE & (A | D), A | D);
	PTE = FRAME_A | P | RW | A;
	write();
	expect("D is not set again while cached", PTE & (A | D), A);
	invlpg(PAGE);
	write();
	expect("D is set again after a flush", PTE & (A | D), A | D);
}

static void global(void)
{
	set_cr4(read_cr4() | CR4_PGE);
	map(G);
	PTE = FRAME_B | P | RW | G;
	reload_cr3();
	expect("a global page survives a load of CR3", read(), IN_A);
	flush_by_other_directory();
	expect("a global page survives another directory", read(), IN_A);
	changed("INVLPG drops a global page", flush_by_invlpg, G);
	changed("a change of CR4.PGE drops global pages", flush_by_pge, G);
	changed("a change of CR0.PG drops global pages", flush_by_paging, G);
	if (has_pse)
		changed("a change of CR4.PSE drops global pages", flush_by_pse, G);
	changed("a page that is not global goes with CR3", reload_cr3, 0);
	set_cr4(read_cr4() & ~CR4_PGE);
	changed("G means nothing without CR4.PGE", reload_cr3, G);
}

static void large(void)
{
	u32 two = PAGE + 0x1000;

	set_cr4(read_cr4() | CR4_PSE);
	MEMORY(LARGE_FRAME) = IN_A;
	MEMORY(FRAME_A) = IN_B;
	directory[256] = TABLE | P | RW | PS;
	reload_cr3();
	expect("a 4 MB page", read(), IN_A);
	attempt(READ, two, 0);
	expect("its next 4 KB", result, IN_B);
	directory[256] = 0;
	expect("a 4 MB page is not missed", read(), IN_A);
	/* INVLPG of any address in it drops all of it (4.10.4.1). */
	invlpg(two + 0x100000);
	expect("dropped by another of its addresses", read(), 0xfa000000);
	attempt(READ, two, 0);
	expect("its next 4 KB are dropped too", fault_taken, 1);
	if (has_pge) {
		set_cr4(read_cr4() | CR4_PGE);
		directory[256] = TABLE | P | RW | PS | G;
		expect("a global 4 MB page", read(), IN_A);
		directory[256] = 0;
		reload_cr3();
		expect("survives a load of CR3", read(), IN_A);
		invlpg(two);
		expect("but not INVLPG", read(), 0xfa000000);
	}
	set_cr4(0);
}

void paging_tlb(void)
{
	set_wp(0);
	changed("INVLPG drops the page", flush_by_invlpg, 0);
	changed("a load of CR3 drops the page", reload_cr3, 0);
	changed("another directory drops the page", flush_by_other_directory, 0);
	changed("a change of CR0.PG drops the page", flush_by_paging, 0);
	rights();
	accessed_dirty();
	if (has_pge)
		global();
	if (has_pse)
		large();
}

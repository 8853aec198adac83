/*
 * Every combination of directory entry, table entry, CR0.WP, CR4.PSE, CR4.PGE, privilege and kind of access, against
 * what the manual's tables say of it (80386 Programmer's Reference, 5.2.4 and 6.4; SDM volume 3, 4.6 to 4.8).
 */
#include "kernel.h"

#define IN_A 0x0a0a0a0au
#define IN_LARGE 0x4c4c4c4cu
#define STORED 0x57575757u
/* Bits 9-11 are the system's: no access may change them. */
#define AVAILABLE 0xe00u

/* Bits n0..n4 as P, RW, US, PS, G. */
static u32 bits(int n)
{
	return (n & 1 ? P : 0) | (n & 2 ? RW : 0) | (n & 4 ? US : 0) | (n & 8 ? PS : 0) | (n & 16 ? G : 0);
}

static u32 frame_of(int large) { return large ? LARGE_FRAME : FRAME_A; }

static void fill(u32 frame, u32 value)
{
	MEMORY(frame) = value;
	MEMORY(frame + 0x100) = 0xc3;
	MEMORY(frame + 0x200) = 0x80cd;
}

static void tell(const char *what, u32 pde, u32 pte, int user, int access, u32 got, u32 want)
{
	if (wrong++ > 20)
		return;
	print(what);
	print(": pde ");
	print_hex(pde);
	print(" pte ");
	print_hex(pte);
	print(" cr0 ");
	print_hex(read_cr0());
	print(" cr4 ");
	print_hex(has_pse || has_pge ? read_cr4() : 0);
	print(user ? " user" : " kernel");
	print(access == READ ? " read" : access == WRITE ? " write" : " execute");
	print(": ");
	print_hex(got);
	print(" not ");
	print_hex(want);
	print("\n");
}

static void one(int pde_bits, int pte_bits, int wp, int pse, int user, int access)
{
	u32 pde = TABLE | bits(pde_bits) | AVAILABLE, pte = FRAME_A | bits(pte_bits) | AVAILABLE;
	u32 address = PAGE, want_error = 0, got;
	int large = pse && (pde & PS);
	int present = (pde & P) && (large || (pte & P));
	u32 rights = large ? pde : pde & pte;
	int faults = !present;

	if (present && user)
		faults = !(rights & US) || (access == WRITE && !(rights & RW));
	else if (present)
		faults = access == WRITE && !(rights & RW) && wp;
	if (faults)
		want_error = (present ? E_P : 0) | (access == WRITE ? E_W : 0) | (user ? E_U : 0);
	if (access == EXECUTE)
		address += user ? 0x200 : 0x100;

	directory[256] = pde;
	MEMORY(TABLE + SLOT * 4) = pte;
	fill(LARGE_FRAME, IN_LARGE);
	fill(FRAME_A, IN_A);
	invlpg(PAGE);
	fault_address = 0;
	result = 0;
	attempt(access + 3 * user, PAGE, STORED);

	checks++;
	if (fault_taken != (u32)faults)
		return tell("fault", pde, pte, user, access, fault_taken, faults);
	if (faults) {
		if (fault_error != want_error)
			tell("error code", pde, pte, user, access, fault_error, want_error);
		if (fault_address != address)
			tell("cr2", pde, pte, user, access, fault_address, address);
	} else if (access == READ) {
		u32 want = large ? IN_LARGE : IN_A;
		if (result != want)
			tell("value", pde, pte, user, access, result, want);
	}
	got = MEMORY(frame_of(large));
	if (got != (access == WRITE && !faults ? STORED : large ? IN_LARGE : IN_A))
		tell("memory", pde, pte, user, access, got, faults);

	/* A walk that faults may have set A; nothing else. */
	u32 may = faults ? A : 0;
	u32 want_pde = pde | (faults ? 0 : A) | (!faults && large && access == WRITE ? D : 0);
	u32 want_pte = pte | (faults || large ? 0 : A | (access == WRITE ? D : 0));
	got = directory[256];
	if ((got & ~may) != (want_pde & ~may))
		tell("pde after", pde, pte, user, access, got, want_pde);
	got = MEMORY(TABLE + SLOT * 4);
	if ((got & ~may) != (want_pte & ~may))
		tell("pte after", pde, pte, user, access, got, want_pte);
}

void paging_rights(void)
{
	for (int wp = 0; wp <= has_wp; wp++)
		for (int pse = 0; pse <= has_pse; pse++)
			for (int pge = 0; pge <= has_pge; pge++) {
				set_wp(wp);
				set_cr4((pse ? CR4_PSE : 0) | (pge ? CR4_PGE : 0));
				for (int n = 0; n < 32 * 32 * 6; n++)
					one(n & 31, (n >> 5) & 31, wp, pse, (n >> 10) / 3, (n >> 10) % 3);
			}
	set_cr4(0);
}

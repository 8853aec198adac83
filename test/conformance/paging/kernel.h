/* Names after the Intel manuals: SDM volume 3, chapter 4; 80386 Programmer's Reference, chapter 5. */
typedef unsigned int u32;
typedef unsigned char u8;

/* Bits of directory and table entries. */
enum { P = 1, RW = 2, US = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100 };
/* Bits of the error code of a page fault. */
enum { E_P = 1, E_W = 2, E_U = 4 };
#define CR0_WP 0x10000u
#define CR0_PG 0x80000000u
enum { CR4_PSE = 0x10, CR4_PGE = 0x80 };
enum { READ, WRITE, EXECUTE };

/*
 * Physical memory: the table under test at 4 MB, where a 4 MB page of the same directory entry begins, and three frames
 * behind it. The directory entry is the same number whether it names a table or a page.
 */
#define TABLE 0x400000u
#define SLOT 5
#define LARGE_FRAME (TABLE + SLOT * 0x1000u)
#define FRAME_A (TABLE + 0x6000u)
#define FRAME_B (TABLE + 0x7000u)
/* The linear page under test: slot 256 of the directory. */
#define WINDOW 0x40000000u
#define PAGE (WINDOW + SLOT * 0x1000u)

extern u32 fault_taken, fault_error, fault_address, result;
extern u32 directory[1024], other_directory[1024];
extern int has_wp, has_invlpg, has_pse, has_pge;
extern u32 checks, wrong;

void attempt(int access, u32 address, u32 value);
void print(const char *text);
void print_hex(u32 value);
void print_number(u32 value);
void paging_rights(void);
void paging_tlb(void);

#define MEMORY(address) (*(volatile u32 *)(address))

#define REGISTER(name)                                                                                   \
	static inline u32 read_##name(void)                                                              \
	{                                                                                                \
		u32 value;                                                                               \
		__asm__ volatile("mov %%" #name ",%0" : "=r"(value));                                    \
		return value;                                                                            \
	}                                                                                                \
	static inline void write_##name(u32 value)                                                       \
	{                                                                                                \
		__asm__ volatile("mov %0,%%" #name : : "r"(value) : "memory");                           \
	}
REGISTER(cr0)
REGISTER(cr3)
REGISTER(cr4)

static inline void reload_cr3(void) { write_cr3(read_cr3()); }

static inline void invlpg(u32 address)
{
	if (has_invlpg)
		__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
	else
		reload_cr3();
}

static inline void set_wp(int on)
{
	if (has_wp)
		write_cr0((read_cr0() & ~CR0_WP) | (on ? CR0_WP : 0));
}

static inline void set_cr4(u32 value)
{
	if (has_pse || has_pge)
		write_cr4(value);
}

/*
 * post: a kernel of two threads that write letters to each other. Each has an address space of its own; the kernel maps the
 * first 4 MB of memory and itself there, and reaches every frame above through one temporary mapping slot (kmap.c).
 */
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

#define PAGE 4096u
#define PRESENT_WRITABLE 3u
#define KMAP 0xe0000000u    /* linear address of the temporary mapping slot */
#define MAILBOX 0x40000000u /* linear address at which a thread sees its own mailbox */
#define LETTER 64           /* words of a letter; the last is the sum of the others */

/* What a thread has used, in a frame of its own that only the kernel sees. */
struct usage {
	u32 magic;
	u32 ticks;
};
#define USAGE_MAGIC 0x75736167u

struct thread {
	u32 id;
	char name[16];
	u32 cr3;
	u32 mailbox; /* frames, by physical address */
	u32 usage;
	u32 esp;
};

extern struct thread threads[2];
extern struct thread *current;
extern int careful;

void print(const char *text);
void print_hex(u32 value);
void panic(const char *text, const char *who, u32 value) __attribute__((noreturn));
void leave(u8 code) __attribute__((noreturn));

extern u32 kmap_table[1024];
void *kmap(u32 frame);
void kunmap(void);

void write_letter(struct thread *to, u32 seed);
void read_letter(void);
void start_clock(void);

static inline void outb(u16 port, u8 value) { __asm__ volatile("outb %0,%1" : : "a"(value), "Nd"(port)); }

static inline u8 inb(u16 port)
{
	u8 value;
	__asm__ volatile("inb %1,%0" : "=a"(value) : "Nd"(port));
	return value;
}

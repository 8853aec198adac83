/*
 * Executes machine code on the host's processor in a 32-bit process, and reports what it did. Freestanding: built by
 * `gcc -m32 -nostdlib`, started by host.ts, which writes the protocol's constants.
 *
 * Standard input, 32-bit words: MAGIC; the number of regions; for each its address, bytes and whether it is writable;
 * the bytes of all regions; then cases until the end of the input: code address, code bytes, EFLAGS, EAX ECX EDX EBX
 * ESP EBP ESI EDI, selectors of FS and GS, the coprocessor's state for FRSTOR, the code padded to words.
 * Standard output, for each case: EAX..EDI, EIP, EFLAGS, vector, error code, CR2, DS, ES, FS, GS, SS, the coprocessor's
 * control and status word, empty registers and ST(0) to ST(7) in three words each, the number of changed words, and their
 * addresses and values.
 *
 * The process gives up every page but its own image and the regions, so that all other addresses fault; system calls
 * go through only from its own text (seccomp), so that the code under test can make none.
 */

typedef unsigned int u32;
typedef unsigned char u8;

#define MAGIC 0x36383372
#define MAX_REGIONS 16
#define MAX_BYTES (64 * 1024)
#define IO_BYTES (32 * 1024)
#define IMAGE_END 0x70080000u

/* Vectors that no processor raises. */
#define TIMED_OUT 0x100
#define SYSTEM_CALL 0x101

enum { SYS_EXIT = 1, SYS_READ = 3, SYS_WRITE = 4, SYS_MUNMAP = 91, SYS_SETITIMER = 104, SYS_MPROTECT = 125,
       SYS_PRCTL = 172, SYS_RT_SIGRETURN = 173, SYS_RT_SIGACTION = 174, SYS_SIGALTSTACK = 186, SYS_MMAP2 = 192 };
enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGALRM = 14, SIGSYS = 31 };
enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_FIXED_PRIVATE_ANONYMOUS = 0x32 };
enum { SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000, SA_NODEFER = 0x40000000 };

/* As the kernel lays them out for a 32-bit process. */
struct context {
	u32 flags, link, stack[3];
	u32 gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trapno, err, eip, cs, eflags, esp_at_signal, ss;
	u32 fpstate, oldmask, cr2;
};
struct action { void *handler; u32 flags; void *restorer; u32 mask[2]; };
struct filter { unsigned short code; u8 jt, jf; u32 k; };

extern char text_begin[], text_end[];
static struct { u32 address, bytes, writable, at; } regions[MAX_REGIONS];
static u32 region_count;
static u8 image[MAX_BYTES] __attribute__((aligned(64)));
static u8 input[IO_BYTES], output[IO_BYTES];
static u32 input_at, input_end, output_at;
u8 own_stack[16384] __attribute__((aligned(16)));
static u8 signal_stack[16384] __attribute__((aligned(16)));
/* What `enter` loads and where it finds the way back. */
u32 start[10], start_eip, start_selectors[2], start_fpu[27], own_esp;
static struct context after;
static u8 fpu_after[160];
static volatile u32 running, ticks_seen;

int sys3(int number, u32 a, u32 b, u32 c);
int sys6(int number, u32 a, u32 b, u32 c, u32 d, u32 e);
void enter(void);
void leave(void);
void restore(void);

__asm__(
	".text\n.globl text_begin\ntext_begin:\n"
	".globl _start\n_start: mov $own_stack+16384, %esp\n call run\n hlt\n"
	"sys3: push %ebx\n mov 8(%esp),%eax\n mov 12(%esp),%ebx\n mov 16(%esp),%ecx\n mov 20(%esp),%edx\n"
	"  int $0x80\n pop %ebx\n ret\n"
	/* The sixth argument is always 0. */
	"sys6: push %ebx\n push %esi\n push %edi\n push %ebp\n mov 20(%esp),%eax\n mov 24(%esp),%ebx\n"
	"  mov 28(%esp),%ecx\n mov 32(%esp),%edx\n mov 36(%esp),%esi\n mov 40(%esp),%edi\n xor %ebp,%ebp\n"
	"  int $0x80\n pop %ebp\n pop %edi\n pop %esi\n pop %ebx\n ret\n"
	/*
	 * Linux's sigreturn takes the arithmetic flags, DF, TF, RF and AC from the context (arch/x86, FIX_EFLAGS) and leaves the
	 * rest as they are: NT and ID are made those of the context first. Its EFLAGS lie 224 above what the handler returned to:
	 * three arguments, 128 bytes of siginfo, then `struct context`.
	 */
	"restore: mov 224(%esp),%eax\n and $0x204000,%eax\n or $2,%eax\n push %eax\n popf\n"
	"  mov $173,%eax\n int $0x80\n"
	"enter: pusha\n mov %esp,own_esp\n frstor start_fpu\n mov start_selectors,%eax\n mov %ax,%fs\n mov start_selectors+4,%eax\n"
	"  mov %ax,%gs\n mov start+4,%ecx\n mov start+8,%edx\n mov start+12,%ebx\n"
	"  mov start+20,%ebp\n mov start+24,%esi\n mov start+28,%edi\n"
	"  pushl start+32\n popf\n mov start,%eax\n mov start+16,%esp\n jmp *start_eip\n"
	"leave: mov own_esp,%esp\n popa\n ret\n");

static void copy(u8 *to, const u8 *from, u32 bytes)
{
	while (bytes--)
		*to++ = *from++;
}

static void flush(void)
{
	u32 done = 0;
	while (done < output_at) {
		int n = sys3(SYS_WRITE, 1, (u32)output + done, output_at - done);
		if (n > 0)
			done += n;
		else if (n != -4)
			sys3(SYS_EXIT, 3, 0, 0);
	}
	output_at = 0;
}

static void put(u32 word)
{
	if (output_at == IO_BYTES)
		flush();
	*(u32 *)(output + output_at) = word;
	output_at += 4;
}

static int fill(void)
{
	int n;
	do
		n = sys3(SYS_READ, 0, (u32)input, IO_BYTES);
	while (n == -4);
	input_at = 0;
	input_end = n > 0 ? n : 0;
	return n > 0;
}

/* 0 at the end of the input. */
static int take(u8 *to, u32 bytes)
{
	while (bytes--) {
		if (input_at == input_end && !fill())
			return 0;
		*to++ = input[input_at++];
	}
	return 1;
}

static u32 word(void)
{
	u32 value = 0;
	if (!take((u8 *)&value, 4)) {
		flush();
		sys3(SYS_EXIT, 0, 0, 0);
	}
	return value;
}

/* Any fault of the code under test ends its case; so does a second tick of the clock within one case. */
static void caught(int signal, void *info, struct context *context)
{
	(void)info;
	__asm__ volatile("pushl $2\n popf");
	if (signal == SIGALRM && (running == 0 || ticks_seen != running)) {
		ticks_seen = running;
		return;
	}
	if (running == 0)
		sys3(SYS_EXIT, 7, 0, 0);
	copy((u8 *)&after, (u8 *)context, sizeof after);
	/* Behind an FSAVE image of 112 bytes the kernel puts what FXSAVE stores (SDM volume 1, table 10-2). */
	copy(fpu_after, (u8 *)context->fpstate + 112, sizeof fpu_after);
	if (signal == SIGALRM)
		after.trapno = TIMED_OUT;
	if (signal == SIGSYS)
		after.trapno = SYSTEM_CALL;
	running = 0;
	leave();
}

static void catch(int signal)
{
	struct action action = { caught, SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_NODEFER, restore, { 0, 0 } };
	sys6(SYS_RT_SIGACTION, signal, (u32)&action, 0, 8, 0);
}

static void restrict_system_calls(void)
{
	struct filter program[] = {
		{ 0x20, 0, 0, 8 },			/* A = low word of the instruction pointer */
		{ 0x35, 0, 2, (u32)text_begin },	/* below the text: trap */
		{ 0x35, 1, 0, (u32)text_end },		/* beyond it: trap */
		{ 0x06, 0, 0, 0x7fff0000 },		/* allow */
		{ 0x06, 0, 0, 0x00030000 },		/* trap */
	};
	struct { unsigned short length; struct filter *program; } fprog = { 5, program };
	sys6(SYS_PRCTL, 38, 1, 0, 0, 0);
	if (sys6(SYS_PRCTL, 22, 2, (u32)&fprog, 0, 0) != 0)
		sys3(SYS_EXIT, 4, 0, 0);
}

static void map_regions(void)
{
	u32 at = 0;
	sys3(SYS_MUNMAP, IMAGE_END, 0xffffe000u - IMAGE_END, 0);
	sys3(SYS_MUNMAP, 0x1000, 0x70000000 - 0x1000, 0);
	region_count = word();
	for (u32 n = 0; n < region_count; n++) {
		regions[n].address = word();
		regions[n].bytes = word();
		regions[n].writable = word();
		regions[n].at = at;
		at += regions[n].bytes;
	}
	take(image, at);
	for (u32 n = 0; n < region_count; n++) {
		u32 address = regions[n].address;
		int all = PROT_READ | PROT_WRITE | PROT_EXEC;
		if (sys6(SYS_MMAP2, address, regions[n].bytes, all, MAP_FIXED_PRIVATE_ANONYMOUS, -1) != (int)address)
			sys3(SYS_EXIT, 5, 0, 0);
		copy((u8 *)address, image + regions[n].at, regions[n].bytes);
		if (!regions[n].writable)
			sys3(SYS_MPROTECT, address, regions[n].bytes, PROT_READ | PROT_EXEC);
	}
}

/* Calls `each` for every word that differs from the image; puts it back if told to. */
static u32 compare(int report)
{
	u32 count = 0;
	for (u32 n = 0; n < region_count; n++) {
		u32 *now = (u32 *)regions[n].address, *was = (u32 *)(image + regions[n].at);
		if (!regions[n].writable)
			continue;
		for (u32 i = 0; i < regions[n].bytes / 4; i++) {
			if (now[i] == was[i])
				continue;
			count++;
			if (report) {
				put((u32)&now[i]);
				put(now[i]);
				now[i] = was[i];
			}
		}
	}
	return count;
}

static u8 *image_at(u32 address)
{
	for (u32 n = 0; n < region_count; n++)
		if (address - regions[n].address < regions[n].bytes)
			return image + regions[n].at + (address - regions[n].address);
	sys3(SYS_EXIT, 6, 0, 0);
	return 0;
}

static void one_case(u32 code)
{
	static u8 bytes[512], saved[512];
	static u32 number;
	u32 length = word();
	start[8] = word();
	for (u32 n = 0; n < 8; n++)
		start[n] = word();
	start_selectors[0] = word();
	start_selectors[1] = word();
	for (u32 n = 0; n < 27; n++)
		start_fpu[n] = word();
	if (length > sizeof bytes)
		sys3(SYS_EXIT, 6, 0, 0);
	take(bytes, (length + 3) & ~3);
	/* The code is part of the image while its case runs: only what the case changes of it counts. */
	u8 *in_image = image_at(code);
	copy(saved, in_image, length);
	copy(in_image, bytes, length);
	copy((u8 *)code, bytes, length);
	start_eip = code;
	running = ++number;
	enter();
	put(after.eax), put(after.ecx), put(after.edx), put(after.ebx);
	put(after.esp), put(after.ebp), put(after.esi), put(after.edi);
	put(after.eip), put(after.eflags), put(after.trapno), put(after.err), put(after.cr2);
	put(after.ds & 0xffff), put(after.es & 0xffff), put(after.fs & 0xffff), put(after.gs & 0xffff);
	put(after.ss & 0xffff);
	put(*(u32 *)fpu_after), put(fpu_after[4] ^ 0xff);
	for (u32 *st = (u32 *)(fpu_after + 32); st < (u32 *)(fpu_after + 160); st += 4)
		put(st[0]), put(st[1]), put(st[2] & 0xffff);
	put(compare(0));
	compare(1);
	copy(in_image, saved, length);
	copy((u8 *)code, saved, length);
}

void run(void)
{
	u32 stack[3] = { (u32)signal_stack, 0, sizeof signal_stack };
	u32 timer[4] = { 0, 20000, 0, 20000 };
	if (word() != MAGIC)
		sys3(SYS_EXIT, 2, 0, 0);
	map_regions();
	sys3(SYS_SIGALTSTACK, (u32)stack, 0, 0);
	catch(SIGILL), catch(SIGTRAP), catch(SIGBUS), catch(SIGFPE), catch(SIGSEGV), catch(SIGALRM), catch(SIGSYS);
	sys3(SYS_SETITIMER, 0, (u32)timer, 0);
	restrict_system_calls();
	for (;;)
		one_case(word());
}

__asm__(".text\n.globl text_end\ntext_end:\n");

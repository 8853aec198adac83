/* From the first C instruction to the first process. */
#include "buf.h"
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "variant.h"
#include "vnode.h"

#define MEMORY_END	(16u << 20)
#define MBI_CMDLINE	16		/* offset in the Multiboot information */
#define MBI_MEM_UPPER	8

extern char end[];
extern uint32_t boot_info;
extern char proc0_upages[];

void	main(void);

/* The first process: becomes /sbin/init. */
static void
start_init(void)
{
	struct trapframe *frame = (struct trapframe *)KSTACK_TOP - 1;
	static char args[64];
	char *arg[4] = { "init", boot_workload, boot_seed, boot_scale };
	size_t bytes = 0;
	int i, fd, argc = boot_scale[0] != '\0' ? 4 : 3;

	r3fs_mount();
	for (i = 0; i < argc; i++) {
		strlcpy(args + bytes, arg[i], sizeof args - bytes);
		bytes += strlen(arg[i]) + 1;
	}
	for (fd = 0; fd < 3; fd++)
		curproc->p_fd[fd] = console_file();
	if (exec("/sbin/init", args, argc, bytes, frame) != 0)
		panic("cannot run /sbin/init");
}

static void
start_pagedaemon(void)
{
	strlcpy(curproc->p_comm, "pagedaemon", sizeof curproc->p_comm);
	vm_pageout();
}

static void
start_update(void)
{
	strlcpy(curproc->p_comm, "update", sizeof curproc->p_comm);
	vfs_update();
}

/* Process 0 is what runs now; it forks the others and sleeps for ever. */
static void
proc0_init(void)
{
	struct vmspace *vm = malloc(sizeof *vm);

	bzero(vm, sizeof *vm);
	list_init(&vm->vm_entries);
	vm->vm_pmap = *kernel_pmap;
	proc0.p_stat = SRUN;
	strlcpy(proc0.p_comm, "swapper", sizeof proc0.p_comm);
	proc0.p_vmspace = vm;
	proc0.p_addr = (struct user *)proc0_upages;
	proc0.p_addr->u_pcb.pcb_cr3 = kernel_pmap->pm_pdirpa;
	curproc = &proc0;
}

static void
start(void (*function)(void), struct proc **p)
{
	if (fork1(&proc0, function, p) != 0)
		panic("cannot start the first processes");
}

void
main(void)
{
	char *info = (char *)(KERNBASE + boot_info);
	uint32_t upper = *(uint32_t *)(info + MBI_MEM_UPPER) * 1024 + (1u << 20);
	struct proc *p;

	parse_options((char *)(KERNBASE + *(uint32_t *)(info + MBI_CMDLINE)));
	printf("bsd96: %s kernel, workload %s, seed %s\n",
	    kernel_fixed ? "fixed" : "buggy", boot_workload, boot_seed);
	machine_init();
	icu_init();
	sched_init();
	vm_page_startup((vm_offset_t)end - KERNBASE, min(upper, MEMORY_END));
	pmap_bootstrap();
	proc0_init();
	bufinit();
	vnode_init();
	clock_init();
	wdattach();
	start(start_init, &initproc);
	start(start_pagedaemon, &p);
	start(start_update, &p);
#ifdef VARIANTS
	start_variant();
#endif
	cold = 0;
	spl0();
	for (;;)
		tsleep(&proc0, "nothing", 0);
}

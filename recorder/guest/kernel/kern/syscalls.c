/*
 * System calls: int 80h, number in eax, arguments on the user's stack above
 * the return address; result in eax, carry set and errno in eax on error.
 */
#include "../../user/lib/syscall.h"
#include "buf.h"
#include "proc.h"
#include "vnode.h"

#define MAXARGS		6
#define PATH_MAX	128
#define ARGS_MAX	16
#define ARG_BYTES	1024

#define MAP_PRIVATE	2
#define MAP_ANON	0x1000
#define MS_ASYNC	1

static int
do_fork(struct trapframe *tf, uint32_t *arg, int *result)
{
	struct proc *child;
	int error = fork1(curproc, NULL, &child);

	(void)tf, (void)arg;
	if (error == 0)
		*result = child->p_pid;
	return error;
}

static int
do_exit(struct trapframe *tf, uint32_t *arg, int *result)
{
	(void)tf, (void)result;
	exit1((arg[0] & 0xff) << 8);
}

static int
do_wait4(struct trapframe *tf, uint32_t *arg, int *result)
{
	int status, error = wait1(arg[0], &status, result);

	(void)tf;
	if (error == 0 && arg[1] != 0)
		error = copyout(&status, (void *)arg[1], sizeof status);
	return error;
}

/* Copies the argument strings in, one after the other. */
static int
copy_args(uint32_t argv, char *args, int *argc, size_t *bytes)
{
	uint32_t string;
	int error;

	*argc = 0;
	*bytes = 0;
	for (;; argv += 4) {
		if ((error = copyin((void *)argv, &string, 4)) != 0)
			return error;
		if (string == 0)
			return 0;
		if (*argc == ARGS_MAX)
			return ENOMEM;
		error = copyinstr((char *)string, args + *bytes, ARG_BYTES - *bytes);
		if (error != 0)
			return error;
		*bytes += strlen(args + *bytes) + 1;
		++*argc;
	}
}

static int
do_execve(struct trapframe *tf, uint32_t *arg, int *result)
{
	char path[PATH_MAX], *args = malloc(ARG_BYTES);
	int argc, error;
	size_t bytes;

	(void)result;
	error = copyinstr((char *)arg[0], path, sizeof path);
	if (error == 0)
		error = copy_args(arg[1], args, &argc, &bytes);
	if (error == 0)
		error = exec(path, args, argc, bytes, tf);
	free(args);
	return error;
}

static int
do_getpid(struct trapframe *tf, uint32_t *arg, int *result)
{
	(void)tf, (void)arg;
	*result = curproc->p_pid;
	return 0;
}

static int
do_sleep(struct trapframe *tf, uint32_t *arg, int *result)
{
	(void)tf, (void)result;
	tsleep(&curproc->p_wchan, "sleep", max((int)arg[0], 1));
	return 0;
}

static int
do_kinfo(struct trapframe *tf, uint32_t *arg, int *result)
{
	const char *s;

	(void)tf;
	if (arg[0] == 0)
		for (*result = 0, s = boot_seed; *s >= '0' && *s <= '9'; s++)
			*result = *result * 10 + *s - '0';
	else
		*result = vm_page_count_free();
	return 0;
}

/* --- Memory ---------------------------------------------------------------- */

static int
do_sbrk(struct trapframe *tf, uint32_t *arg, int *result)
{
	struct vmspace *vm = curproc->p_vmspace;
	vm_offset_t old = vm->vm_break, new = old + arg[0], first, last;
	struct vm_map_entry *e;

	(void)tf;
	*result = old;
	if ((int)arg[0] < 0)
		return EINVAL;
	first = round_page(old);
	last = round_page(new);
	vm->vm_break = new;
	if (first == last)
		return 0;
	e = vm_map_lookup(vm, first - 1);
	if (e != NULL && e->end == first && first > vm->vm_break_start)
		return vm_map_grow(e, last);
	return vm_map_insert(vm, first, last - first, VM_PROT_RW, 1, NULL, 0);
}

/* mmap(addr, len, prot, flags, fd, offset); where is the kernel's choice. */
static int
do_mmap(struct trapframe *tf, uint32_t *arg, int *result)
{
	struct vmspace *vm = curproc->p_vmspace;
	vm_offset_t size = round_page(arg[1]), at = vm_map_findspace(vm, size);
	int prot = arg[2] & VM_PROT_RW, flags = arg[3], error, mode;
	vm_object_t object = NULL;
	struct vnode *vp;

	(void)tf;
	if (at == 0)
		return ENOMEM;
	if (size == 0 || arg[5] & PAGE_MASK)
		return EINVAL;
	if (!(flags & MAP_ANON)) {
		if ((error = file_vnode(arg[4], &vp, &mode)) != 0)
			return error;
		if (!(flags & MAP_PRIVATE) && prot & VM_PROT_WRITE &&
		    (mode & O_ACCMODE) != O_RDWR)
			return EPERM;
		object = vp->v_object;
		vm_object_reference(object);
	}
	error = vm_map_insert(vm, at, size, prot | VM_PROT_READ,
	    object == NULL || (flags & MAP_PRIVATE) != 0, object, btop(arg[5]));
	if (error != 0 && object != NULL)
		vm_object_deallocate(object);
	*result = at;
	return error;
}

static int
do_munmap(struct trapframe *tf, uint32_t *arg, int *result)
{
	(void)tf, (void)result;
	if (arg[0] & PAGE_MASK)
		return EINVAL;
	vm_map_remove(curproc->p_vmspace, arg[0], round_page(arg[0] + arg[1]));
	return 0;
}

/* msync(addr, len, flags): writes back the changed pages of a shared mapping. */
static int
do_msync(struct trapframe *tf, uint32_t *arg, int *result)
{
	vm_offset_t va = trunc_page(arg[0]), end = round_page(arg[0] + arg[1]);
	struct vm_map_entry *e;
	vm_page_t m;

	(void)tf, (void)result;
	for (; va < end; va += PAGE_SIZE) {
		e = vm_map_lookup(curproc->p_vmspace, va);
		if (e == NULL)
			return ENOMEM;
		if (e->object == NULL || e->private)
			continue;
		m = vm_page_lookup(e->object, e->pindex + btop(va - e->start));
		if (m == NULL || !m->valid)
			continue;
		vm_page_test_dirty(m);
		if (m->dirty)
			vnode_pager_putpage(m, !(arg[2] & MS_ASYNC));
	}
	return 0;
}

/* --- Files ----------------------------------------------------------------- */

static int
do_read(struct trapframe *tf, uint32_t *arg, int *result)
{
	(void)tf;
	return sys_read(arg[0], (char *)arg[1], arg[2], result);
}

static int
do_write(struct trapframe *tf, uint32_t *arg, int *result)
{
	(void)tf;
	return sys_write(arg[0], (const char *)arg[1], arg[2], result);
}

static int
do_open(struct trapframe *tf, uint32_t *arg, int *result)
{
	char path[PATH_MAX];
	int error = copyinstr((char *)arg[0], path, sizeof path);

	(void)tf;
	return error ? error : sys_open(path, arg[1], result);
}

static int
do_close(struct trapframe *tf, uint32_t *arg, int *result)
{
	(void)tf, (void)result;
	return sys_close(arg[0]);
}

static int
do_unlink(struct trapframe *tf, uint32_t *arg, int *result)
{
	char path[PATH_MAX];
	int error = copyinstr((char *)arg[0], path, sizeof path);

	(void)tf, (void)result;
	return error ? error : sys_unlink(path);
}

static int
do_lseek(struct trapframe *tf, uint32_t *arg, int *result)
{
	(void)tf;
	return sys_lseek(arg[0], arg[1], arg[2], result);
}

static int
do_fsync(struct trapframe *tf, uint32_t *arg, int *result)
{
	(void)tf, (void)result;
	return sys_fsync(arg[0]);
}

static const struct {
	uint32_t number;
	int	(*call)(struct trapframe *, uint32_t *arg, int *result);
} table[] = {
	{ SYS_exit, do_exit }, { SYS_fork, do_fork }, { SYS_read, do_read },
	{ SYS_write, do_write }, { SYS_open, do_open }, { SYS_close, do_close },
	{ SYS_wait4, do_wait4 }, { SYS_unlink, do_unlink },
	{ SYS_lseek, do_lseek }, { SYS_getpid, do_getpid },
	{ SYS_execve, do_execve }, { SYS_msync, do_msync },
	{ SYS_sbrk, do_sbrk }, { SYS_munmap, do_munmap },
	{ SYS_fsync, do_fsync }, { SYS_mmap, do_mmap },
	{ SYS_sleep, do_sleep }, { SYS_kinfo, do_kinfo },
};

void
syscall(struct trapframe *tf)
{
	uint32_t arg[MAXARGS];
	int result = 0, error = ENOSYS, number = tf->tf_eax;
	unsigned i;

	bzero(arg, sizeof arg);
	/* Near the top of the stack there may be fewer than MAXARGS words. */
	copyin((void *)(tf->tf_esp + 4), arg,
	    min(sizeof arg, USRSTACK - (tf->tf_esp + 4)));
	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].number == (uint32_t)number)
			error = table[i].call(tf, arg, &result);
	if (number == SYS_execve && error == 0)
		return;			/* the frame is the new program's */
	tf->tf_eax = error ? error : result;
	if (error)
		tf->tf_eflags |= PSL_C;
	else
		tf->tf_eflags &= ~PSL_C;
}

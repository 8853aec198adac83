/* execve: a new program in an old process. */
#include "proc.h"
#include "vnode.h"

struct elf_header {
	uint8_t	e_ident[16];
	uint16_t e_type, e_machine;
	uint32_t e_version, e_entry, e_phoff, e_shoff, e_flags;
	uint16_t e_ehsize, e_phentsize, e_phnum;
};

struct program_header {
	uint32_t p_type, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags;
	uint32_t p_align;
};

#define PT_LOAD		1
#define PF_W		2
#define MAXSEGMENTS	4

struct image {
	struct elf_header header;
	struct program_header segment[MAXSEGMENTS];
};

static int
read_image(struct vnode *vp, struct image *image)
{
	size_t done;
	int error;

	error = vn_read(vp, 0, &image->header, sizeof image->header, &done, 0);
	if (error != 0)
		return error;
	if (done != sizeof image->header ||
	    *(uint32_t *)image->header.e_ident != 0x464c457f ||
	    image->header.e_phnum > MAXSEGMENTS)
		return ENOEXEC;
	error = vn_read(vp, image->header.e_phoff, image->segment,
	    image->header.e_phnum * sizeof image->segment[0], &done, 0);
	return error;
}

/*
 * Maps one segment: pages of the file, private if they may be written to. What
 * the file does not fill of its last page is cleared by copyout, which copies
 * that page; the pages after it are zero on demand.
 */
static int
map_segment(struct vmspace *vm, struct vnode *vp, struct program_header *ph)
{
	static const char zeros[512];
	vm_offset_t start = trunc_page(ph->p_vaddr);
	vm_offset_t file_end = ph->p_vaddr + ph->p_filesz;
	vm_offset_t end = ph->p_vaddr + ph->p_memsz, at, page_end;
	boolean_t writable = (ph->p_flags & PF_W) != 0;
	int prot = writable ? VM_PROT_RW : VM_PROT_READ, error;

	vm_object_reference(vp->v_object);
	error = vm_map_insert(vm, start, round_page(file_end) - start, prot,
	    writable, vp->v_object, btop(ph->p_offset));
	if (error != 0) {
		vm_object_deallocate(vp->v_object);
		return error;
	}
	if (!writable)
		return 0;
	page_end = min(round_page(file_end), end);
	for (at = file_end; at < page_end; at += min(sizeof zeros, page_end - at))
		if (copyout(zeros, (void *)at, min(sizeof zeros, page_end - at)))
			return ENOMEM;
	vm->vm_break = vm->vm_break_start = round_page(end);
	if (end <= round_page(file_end))
		return 0;
	return vm_map_insert(vm, round_page(file_end),
	    round_page(end) - round_page(file_end), prot, 1, NULL, 0);
}

/* Strings and vectors of `argc' arguments at the top of a new user stack. */
static int
build_stack(struct vmspace *vm, const char *args, int argc, size_t bytes, uint32_t *esp)
{
	vm_offset_t strings = (USRSTACK - bytes) & ~3u;
	uint32_t vector[20], *v = vector;
	size_t at;
	int i, error;

	error = vm_map_insert(vm, USRSTACK - USRSTACK_SIZE, USRSTACK_SIZE,
	    VM_PROT_RW, 1, NULL, 0);
	if (error != 0)
		return error;
	*v++ = argc;
	for (i = 0, at = 0; i < argc; i++, at += strlen(args + at) + 1)
		*v++ = strings + at;
	*v++ = 0;			/* end of argv */
	*v++ = 0;			/* end of envp */
	*esp = strings - (v - vector) * sizeof *v;
	if (copyout(args, (void *)strings, bytes) ||
	    copyout(vector, (void *)*esp, (v - vector) * sizeof *v))
		return ENOMEM;
	return 0;
}

/* `args' holds `argc' strings, `bytes' in all. From here there is no way back. */
static int
load(struct vnode *vp, struct image *image, const char *args, int argc,
    size_t bytes, struct trapframe *tf)
{
	struct vmspace *vm = curproc->p_vmspace;
	uint32_t esp;
	int i, error;

	vmspace_clear(vm);
	for (i = 0; i < image->header.e_phnum; i++) {
		if (image->segment[i].p_type != PT_LOAD)
			continue;
		if ((error = map_segment(vm, vp, &image->segment[i])) != 0)
			return error;
	}
	if ((error = build_stack(vm, args, argc, bytes, &esp)) != 0)
		return error;
	bzero(tf, sizeof *tf);
	tf->tf_ds = tf->tf_es = tf->tf_ss = UDSEL;
	tf->tf_cs = UCSEL;
	tf->tf_eip = image->header.e_entry;
	tf->tf_esp = esp;
	tf->tf_eflags = PSL_I;
	return 0;
}

int
exec(const char *path, char *args, int argc, size_t bytes, struct trapframe *tf)
{
	const char *name = path, *s;
	struct vnode *vp;
	struct image image;
	int error = r3fs_lookup(path, &vp);

	if (error != 0)
		return error;
	if ((error = read_image(vp, &image)) == 0) {
		for (s = path; *s != '\0'; s++)
			if (*s == '/')
				name = s + 1;
		strlcpy(curproc->p_comm, name, sizeof curproc->p_comm);
		error = load(vp, &image, args, argc, bytes, tf);
		if (error != 0) {
			vput(vp);
			exit1(9);
		}
	}
	vput(vp);
	return error;
}

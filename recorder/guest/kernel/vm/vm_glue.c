/*
 * Where processes and address spaces meet: fork and the end of a process.
 */
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "variant.h"
#include "vm.h"

/*
 * Pages for the child's user structure and kernel stack, in its address space
 * at KSTACK. The child is not running, so this goes through the alternate
 * map: first its page table, then the two entries.
 */
static boolean_t
insert_upages(struct proc *p)
{
	pmap_t pmap = &p->p_vmspace->vm_pmap;
	int i;

	if (!vm_ptpage_wire(pmap, KSTACK))
		return 0;
	for (i = 0; i < UPAGES; i++) {
		if ((p->p_upages[i] = vm_page_alloc(NULL, 0)) == NULL)
			return 0;
		pmap_enter(pmap, KSTACK + ptob(i), p->p_upages[i]->phys_addr,
		    VM_PROT_RW, 1);
	}
	return 1;
}

/* The kernel's own mapping of what the child's address space has at KSTACK. */
static void
map_upages(struct proc *p)
{
	vm_offset_t up = kva_alloc(UPAGES);
	int i;

	for (i = 0; i < UPAGES; i++)
		pmap_enter(kernel_pmap, up + ptob(i),
		    pmap_extract(&p->p_vmspace->vm_pmap, KSTACK + ptob(i)),
		    VM_PROT_RW, 1);
	p->p_addr = (struct user *)up;
}

#ifdef VARIANTS
/* The kernel's own go without a flush of all, and the process's without a look at its directory. */
static void
unmap_upages_quick(struct proc *p)
{
	vm_offset_t up = (vm_offset_t)p->p_addr;
	int i;

	for (i = 0; i < UPAGES && up != 0; i++)
		pmap_remove_quick(kernel_pmap, up + ptob(i));
	if (up != 0)
		kva_free(up, UPAGES);
	p->p_addr = NULL;
	for (i = 0; i < UPAGES; i++) {
		if (p->p_upages[i] == NULL)
			continue;
		pmap_remove_quick(&p->p_vmspace->vm_pmap, KSTACK + ptob(i));
		vm_page_free(p->p_upages[i]);
		p->p_upages[i] = NULL;
	}
}
#endif

static void
unmap_upages(struct proc *p)
{
	pmap_t pmap = &p->p_vmspace->vm_pmap;
	vm_offset_t up = (vm_offset_t)p->p_addr;
	int i;

#ifdef VARIANTS
	if (VARIANT(table_gone)) {
		unmap_upages_quick(p);
		return;
	}
#endif
	if (up != 0) {
		pmap_remove(kernel_pmap, up, up + ptob(UPAGES));
		kva_free(up, UPAGES);
		p->p_addr = NULL;
	}
	for (i = 0; i < UPAGES; i++) {
		if (p->p_upages[i] == NULL)
			continue;
		pmap_change_wiring(pmap, KSTACK + ptob(i), 0);
		pmap_remove(pmap, KSTACK + ptob(i), KSTACK + ptob(i + 1));
		vm_page_free(p->p_upages[i]);
		p->p_upages[i] = NULL;
	}
}

/*
 * Gives a new process the address space of its parent and a user structure.
 * False, and nothing kept, when memory is short.
 */
boolean_t
vm_fork(struct proc *parent, struct proc *child)
{
	if ((child->p_vmspace = vmspace_alloc()) == NULL)
		return 0;
	vmspace_copy(parent->p_vmspace, child->p_vmspace);
	if (insert_upages(child)) {
		map_upages(child);
		return 1;
	}
	vm_waitproc(child);
	return 0;
}

/* The last of a process, done by the one that waited for it. */
void
vm_waitproc(struct proc *p)
{
#ifdef VARIANTS
	pmap_t pmap = &p->p_vmspace->vm_pmap;

	if (VARIANT(table_gone)) {
		pmap_change_wiring(pmap, KSTACK, 0);
		pmap_release_tables(pmap);
	}
	if (VARIANT(early_free)) {
		pmap_free_tables(pmap);
		tsleep(&p->p_xstat, "reap", 1);
	}
#endif
	unmap_upages(p);
	vmspace_free(p->p_vmspace);
	p->p_vmspace = NULL;
}

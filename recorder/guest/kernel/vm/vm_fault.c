/* Page faults. */
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "variant.h"
#include "vm.h"

/* Sees to it that there is a page table for `va'; false when memory is short. */
boolean_t
vm_ptpage_wire(pmap_t pmap, vm_offset_t va)
{
	vm_page_t m;

	if (pmap->pm_pdir[va >> PDR_SHIFT] & PG_V)
		return 1;
	if ((m = vm_page_alloc(NULL, 0)) == NULL)
		return 0;
	pmap_zero_page(m->phys_addr);
	pmap_enter(pmap, UPT_MIN + ptob(va >> PDR_SHIFT), m->phys_addr,
	    VM_PROT_RW, 1);
	return 1;
}

/*
 * The resident, valid page of a file. While it is read in, and in the fixed
 * kernel during any I/O on it, the process waits.
 */
static int
object_page(vm_object_t object, uint32_t pindex, vm_page_t *found)
{
	vm_page_t m;
	int s, error;

	for (;;) {
		s = splhigh();
		m = vm_page_lookup(object, pindex);
		if (m != NULL && m->valid) {
			if (!(m->flags & PG_BUSY) && !(kernel_fixed && !VARIANT(no_fault_wait) && m->busy)) {
				vm_page_busy(m);
				vm_page_activate(m);
				splx(s);
				*found = m;
				return 0;
			}
			m->flags |= PG_WANTED;
			tsleep(m, "vmpfw", 0);
			splx(s);
			continue;
		}
		splx(s);
		error = vnode_pager_getpage(object, pindex);
		if (error != 0)
			return error;
	}
}

static void
map_page(struct vmspace *vm, vm_offset_t va, vm_page_t m, int prot)
{
	while (!vm_ptpage_wire(&vm->vm_pmap, va))
		vm_wait();
	pmap_enter(&vm->vm_pmap, va, m->phys_addr, prot, 0);
}

/* A private page for entry slot `i': a copy of what is there now, or zeros. */
static int
private_copy(struct vm_map_entry *e, int i)
{
	struct vm_anon *old = e->anon[i], *new;
	vm_page_t m;
	int error;

	while ((new = anon_alloc()) == NULL)
		vm_wait();
	if (old != NULL) {
		pmap_copy_page(old->an_page->phys_addr, new->an_page->phys_addr);
	} else if (e->object != NULL) {
		if ((error = object_page(e->object, e->pindex + i, &m)) != 0) {
			anon_release(new);
			return error;
		}
		pmap_copy_page(m->phys_addr, new->an_page->phys_addr);
		vm_page_wakeup(m);
	} else {
		pmap_zero_page(new->an_page->phys_addr);
	}
	e->anon[i] = new;
	if (old != NULL)
		anon_release(old);
	return 0;
}

/* A fault on a private entry. */
static int
fault_private(struct vmspace *vm, struct vm_map_entry *e, vm_offset_t va, int prot)
{
	int i = btop(va - e->start), error;
	vm_page_t m;

	if (e->anon[i] == NULL && e->object != NULL && !(prot & VM_PROT_WRITE)) {
		if ((error = object_page(e->object, e->pindex + i, &m)) != 0)
			return error;
		map_page(vm, va, m, VM_PROT_READ);
		vm_page_wakeup(m);
		return 0;
	}
	if (e->anon[i] == NULL || (prot & VM_PROT_WRITE && e->anon[i]->an_ref > 1)) {
		/* The page to be replaced must not be seen any more. */
		pmap_remove(&vm->vm_pmap, va, va + PAGE_SIZE);
		if ((error = private_copy(e, i)) != 0)
			return error;
	}
	map_page(vm, va, e->anon[i]->an_page,
	    e->anon[i]->an_ref > 1 ? VM_PROT_READ : e->protection);
	return 0;
}

/* A fault on a shared mapping of a file. */
static int
fault_shared(struct vmspace *vm, struct vm_map_entry *e, vm_offset_t va)
{
	vm_page_t m;
	int error = object_page(e->object, e->pindex + btop(va - e->start), &m);

	if (error != 0)
		return error;
	map_page(vm, va, m, e->protection);
	vm_page_wakeup(m);
	return 0;
}

/* Makes `va' accessible as `prot' wants; EFAULT when it may not be. */
int
vm_fault(struct vmspace *vm, vm_offset_t va, int prot)
{
	struct vm_map_entry *e = vm_map_lookup(vm, va);

	va = trunc_page(va);
	if (e == NULL || (prot & ~e->protection))
		return EFAULT;
	return e->private ? fault_private(vm, e, va, prot) : fault_shared(vm, e, va);
}

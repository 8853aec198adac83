/* Objects: the resident pages of a file. */
#include "buf.h"
#include "intr.h"
#include "proc.h"
#include "vm.h"
#include "vnode.h"

vm_object_t
vm_object_allocate(struct vnode *vp)
{
	vm_object_t object = malloc(sizeof *object);

	bzero(object, sizeof *object);
	object->ref_count = 1;
	object->handle = vp;
	list_init(&object->memq);
	return object;
}

/* A mapping keeps the file, too. */
void
vm_object_reference(vm_object_t object)
{
	object->ref_count++;
	vref(object->handle);
}

void
vm_object_deallocate(vm_object_t object)
{
	object->ref_count--;
	vput(object->handle);
}

/* Writes back the pages that were changed through mappings. */
void
vm_object_page_clean(vm_object_t object, boolean_t sync)
{
	struct link *l;
	vm_page_t m;

again:
	list_foreach(l, &object->memq) {
		m = list_entry(l, struct vm_page, listq);
		if (!m->valid || m->busy || m->flags & PG_BUSY)
			continue;
		vm_page_test_dirty(m);
		if (!m->dirty)
			continue;
		vnode_pager_putpage(m, sync);
		goto again;		/* it may have slept */
	}
}

/* Throws all pages away: the file is gone. */
void
vm_object_page_remove(vm_object_t object)
{
	vm_page_t m;

	while (!list_empty(&object->memq)) {
		m = list_entry(object->memq.next, struct vm_page, listq);
		if (m->busy || m->flags & PG_BUSY || m->wire_count) {
			m->flags |= PG_WANTED;
			tsleep(m, "vmopar", HZ / 10);
			continue;
		}
		vm_page_protect(m, VM_PROT_NONE);
		vm_page_free(m);
	}
}

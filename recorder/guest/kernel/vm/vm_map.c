/* Address spaces: which ranges are mapped, from what, with which rights. */
#include "proc.h"
#include "variant.h"
#include "vm.h"

#define MMAP_BASE	0x40000000u
#define MMAP_END	0x80000000u

struct vmspace *
vmspace_alloc(void)
{
	struct vmspace *vm = malloc(sizeof *vm);

	bzero(vm, sizeof *vm);
	list_init(&vm->vm_entries);
	if (pmap_pinit(&vm->vm_pmap))
		return vm;
	free(vm);
	return NULL;
}

/* The address space is not in use, and its entries are gone. */
void
vmspace_free(struct vmspace *vm)
{
	vmspace_clear(vm);
	pmap_release(&vm->vm_pmap);
	free(vm);
}

struct vm_map_entry *
vm_map_lookup(struct vmspace *vm, vm_offset_t va)
{
	struct vm_map_entry *e;
	struct link *l;

	list_foreach(l, &vm->vm_entries) {
		e = list_entry(l, struct vm_map_entry, link);
		if (va >= e->start && va < e->end)
			return e;
	}
	return NULL;
}

static void
insert_sorted(struct vmspace *vm, struct vm_map_entry *new)
{
	struct link *l;

	list_foreach(l, &vm->vm_entries)
		if (list_entry(l, struct vm_map_entry, link)->start > new->start)
			break;
	list_append(l, &new->link);
}

static int
anon_pages(struct vm_map_entry *e)
{
	return btop(e->end - e->start);
}

static struct vm_anon **
anon_array(int pages)
{
	struct vm_anon **anon = malloc(pages * sizeof *anon);

	bzero(anon, pages * sizeof *anon);
	return anon;
}

/* Takes over the caller's reference to `object'. */
int
vm_map_insert(struct vmspace *vm, vm_offset_t start, vm_offset_t size, int prot,
    boolean_t private, vm_object_t object, uint32_t pindex)
{
	struct vm_map_entry *e;

	if (size == 0 || size > 4 * 1024 * 1024 || start + size > USRSTACK)
		return ENOMEM;
	e = malloc(sizeof *e);
	*e = (struct vm_map_entry){ .start = start, .end = start + size,
	    .protection = prot, .private = private, .object = object,
	    .pindex = pindex };
	if (private)
		e->anon = anon_array(anon_pages(e));
	insert_sorted(vm, e);
	return 0;
}

/* Room for more private pages at the end of an entry. */
int
vm_map_grow(struct vm_map_entry *e, vm_offset_t end)
{
	struct vm_anon **anon = anon_array(btop(end - e->start));

	bcopy(e->anon, anon, anon_pages(e) * sizeof *anon);
	free(e->anon);
	e->anon = anon;
	e->end = end;
	return 0;
}

vm_offset_t
vm_map_findspace(struct vmspace *vm, vm_offset_t size)
{
	vm_offset_t at = MMAP_BASE;
	struct vm_map_entry *e;
	struct link *l;

	list_foreach(l, &vm->vm_entries) {
		e = list_entry(l, struct vm_map_entry, link);
		if (e->end <= at)
			continue;
		if (e->start >= at + size)
			break;
		at = e->end;
	}
	return at + size <= MMAP_END ? at : 0;
}

static void
entry_free(struct vmspace *vm, struct vm_map_entry *e)
{
	int i;

	pmap_remove(&vm->vm_pmap, e->start, e->end);
	if (e->anon != NULL) {
		for (i = 0; i < anon_pages(e); i++)
			if (e->anon[i] != NULL)
				anon_release(e->anon[i]);
		free(e->anon);
	}
	list_remove(&e->link);
	if (e->object != NULL)
		vm_object_deallocate(e->object);
	free(e);
}

/* Whole entries only: no one unmaps a part. */
void
vm_map_remove(struct vmspace *vm, vm_offset_t start, vm_offset_t end)
{
	struct vm_map_entry *e;
	struct link *l = vm->vm_entries.next;

	while (l != &vm->vm_entries) {
		e = list_entry(l, struct vm_map_entry, link);
		l = l->next;
		if (e->start >= start && e->end <= end)
			entry_free(vm, e);
	}
}

/* Removes everything of the user's. */
void
vmspace_clear(struct vmspace *vm)
{
	vm_map_remove(vm, 0, USRSTACK);
	vm->vm_break = vm->vm_break_start = 0;
}

/*
 * The child's address space, at fork: the same entries. Private pages are
 * shared from now on, so they lose their write permission here as well; the
 * first to write gets a copy. False when memory is short.
 */
boolean_t
vmspace_copy(struct vmspace *from, struct vmspace *to)
{
	struct vm_map_entry *e, *new;
	struct link *l;
	int i;

	list_foreach(l, &from->vm_entries) {
		e = list_entry(l, struct vm_map_entry, link);
		new = malloc(sizeof *new);
		*new = *e;
		if (e->object != NULL)
			vm_object_reference(e->object);
		if (e->private) {
			new->anon = anon_array(anon_pages(e));
			for (i = 0; i < anon_pages(e); i++)
				if ((new->anon[i] = e->anon[i]) != NULL)
					e->anon[i]->an_ref++;
			pmap_protect(&from->vm_pmap, e->start, e->end,
			    VM_PROT_READ);
		}
#ifdef VARIANTS
		else if (VARIANT(pmap_copy))
			pmap_copy(&to->vm_pmap, &from->vm_pmap, e->start, e->end);
#endif
		insert_sorted(to, new);
	}
	to->vm_break = from->vm_break;
	to->vm_break_start = from->vm_break_start;
	return 1;
}

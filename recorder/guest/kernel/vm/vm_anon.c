/*
 * Anonymous pages: private to a process, or shared by a family until one of
 * them writes. There is no swap, so they are always resident.
 */
#include "vm.h"

/* An anonymous page, its contents undefined; NULL when memory is short. */
struct vm_anon *
anon_alloc(void)
{
	struct vm_anon *anon;
	vm_page_t m = vm_page_alloc(NULL, 0);

	if (m == NULL)
		return NULL;
	anon = malloc(sizeof *anon);
	anon->an_ref = 1;
	anon->an_page = m;
	m->valid = 1;
	return anon;
}

/* One reference less; no mapping of the caller's is left. */
void
anon_release(struct vm_anon *anon)
{
	if (--anon->an_ref > 0)
		return;
	vm_page_protect(anon->an_page, VM_PROT_NONE);
	vm_page_free(anon->an_page);
	free(anon);
}

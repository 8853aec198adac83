/*
 * Kernel memory, in powers of two from 16 bytes to a page. A page is cut into
 * pieces of one size; its size is kept by page, so free needs no header.
 */
#include "intr.h"
#include "pmap.h"
#include "proc.h"
#include "vm.h"

#define MINSHIFT	4
#define NSIZES		(PAGE_SHIFT - MINSHIFT + 1)

struct piece {
	struct piece *next;
};

static struct piece *pieces[NSIZES];
static uint8_t size_of_page[(KVA_MAX - KVA_MIN) / PAGE_SIZE];

static void
refill(int n)
{
	vm_page_t m;
	vm_offset_t va, at;

	while ((m = vm_page_alloc(NULL, 0)) == NULL) {
		if (curproc == NULL)
			panic("malloc: out of memory");
		vm_wait();
	}
	va = kva_alloc(1);
	pmap_kenter(va, m->phys_addr);
	size_of_page[btop(va - KVA_MIN)] = n;
	for (at = va; at < va + PAGE_SIZE; at += 1u << (n + MINSHIFT)) {
		((struct piece *)at)->next = pieces[n];
		pieces[n] = (struct piece *)at;
	}
}

void *
malloc(size_t size)
{
	struct piece *p;
	int n = 0;

	while (size > 1u << (n + MINSHIFT))
		n++;
	if (n >= NSIZES)
		panic("malloc: %u bytes", size);
	while (pieces[n] == NULL)
		refill(n);
	p = pieces[n];
	pieces[n] = p->next;
	return p;
}

void
free(void *va)
{
	int n = size_of_page[btop((vm_offset_t)va - KVA_MIN)];
	struct piece *p = va;

	p->next = pieces[n];
	pieces[n] = p;
}

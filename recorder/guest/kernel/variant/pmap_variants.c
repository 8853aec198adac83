/* Parts of pmap.c as they should not be. */
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "vm.h"
#include "variant.h"

/* --- pmap1: one page of kernel addresses, for one page table at a time -------- */

static vm_offset_t PADDR1;
#define PMAP1		(*vtopte(PADDR1))

static inline void
invlpg(vm_offset_t va)
{
	__asm volatile("invlpg (%0)" : : "r" (va) : "memory");
}

void
pmap1_bootstrap(void)
{
	PADDR1 = kva_alloc(1);
}

static inline volatile pt_entry_t *
find_quick(pmap_t pmap, vm_offset_t va)
{
	pt_entry_t pde = pmap->pm_pdir[va >> PDR_SHIFT];

	if (pmap == kernel_pmap || (pmap->pm_pdir[PTDPTDI] & PG_FRAME) == (PTDpde & PG_FRAME))
		return vtopte(va);
	if ((PMAP1 & PG_FRAME) != (pde & PG_FRAME)) {
		PMAP1 = (pde & PG_FRAME) | PG_V | PG_RW;
		invlpg(PADDR1);
	}
	return (volatile pt_entry_t *)PADDR1 + (btop(va) & 1023);
}

volatile pt_entry_t *
pmap_pte_quick(pmap_t pmap, vm_offset_t va)
{
	return find_quick(pmap, va);
}

/* As pmap_remove; the page is mapped once for each page table. */
boolean_t
pmap1_remove(pmap_t pmap, vm_offset_t sva, vm_offset_t eva)
{
	volatile pt_entry_t *pte = NULL;
	boolean_t any = 0;
	pt_entry_t old;
	vm_page_t m;

	while (sva < eva) {
		if (!(pmap->pm_pdir[sva >> PDR_SHIFT] & PG_V)) {
			sva = (sva & ~((1u << PDR_SHIFT) - 1)) + (1u << PDR_SHIFT);
			if (sva == 0)
				break;
			pte = NULL;
			continue;
		}
		if (pte == NULL || (btop(sva) & 1023) == 0)
			pte = find_quick(pmap, sva);
		if ((old = *pte) != 0) {
			*pte = 0;
			any = 1;
			if ((m = PHYS_TO_VM_PAGE(old & PG_FRAME)) != NULL) {
				fold_bits(m, old);
				pv_remove(m, pmap, sva);
			}
		}
		sva += PAGE_SIZE;
		pte++;
	}
	return any;
}

/* --- pv-reclaim: takes the entries of a page that no one misses --------------- */

void
pmap_collect(void)
{
	struct link *heads[2] = { &vm_page_queue_inactive, &vm_page_queue_active };
	static unsigned used;
	struct link *l;
	vm_page_t m;
	int q;

	/* Keeps some in reserve. */
	if (pv_free != NULL && ++used % 4 != 0)
		return;
	for (q = 0; q < 2; q++)
		list_foreach(l, heads[q]) {
			m = list_entry(l, struct vm_page, pageq);
			if (m->pv_list == NULL || m->busy || m->flags & PG_BUSY ||
			    m->wire_count || m->object == NULL)
				continue;
			pmap_remove_all(m);
			return;
		}
}

/* --- pmap-copy: at fork, for shared mappings; may sleep for a page table ------ */

void
pmap_copy(pmap_t dst, pmap_t src, vm_offset_t sva, vm_offset_t eva)
{
	volatile pt_entry_t *to = alternate_map(dst), *from = PTmap;
	pt_entry_t pte;
	vm_page_t m;

	for (; sva < eva; sva += PAGE_SIZE) {
		if (!(src->pm_pdir[sva >> PDR_SHIFT] & PG_V))
			continue;
		pte = from[btop(sva)];
		if (!(pte & PG_V) || (m = PHYS_TO_VM_PAGE(pte & PG_FRAME)) == NULL)
			continue;
		if (m->busy || m->flags & PG_BUSY)
			continue;
		if (!(dst->pm_pdir[sva >> PDR_SHIFT] & PG_V)) {
			while (!vm_ptpage_wire(dst, sva))
				vm_wait();
			tsleep(&pv_free, "pmcopy", 1);	/* memory is short */
			/* It may be gone by now. */
			pte = from[btop(sva)];
			if (!(pte & PG_V) || m->busy || m->flags & PG_BUSY)
				continue;
		}
		pv_insert(m, dst, sva);
		to[btop(sva)] = pte & ~(PG_A | PG_M | PG_W);
	}
}

/* --- skip-flush: the directory of the last process that ended is the next's --- */

static vm_page_t spare_pdir;

vm_page_t
take_spare_directory(void)
{
	vm_page_t m = spare_pdir;

	spare_pdir = NULL;
	return m != NULL ? m : vm_page_alloc(NULL, 0);
}

boolean_t
keep_spare_directory(vm_page_t m)
{
	if (spare_pdir != NULL)
		return 0;
	spare_pdir = m;
	return 1;
}

/* --- table-gone: page tables are given back first ----------------------------- */

/* One mapping that is known to be there: no look at the directory. */
void
pmap_remove_quick(pmap_t pmap, vm_offset_t va)
{
	volatile pt_entry_t *pte = alternate_map(pmap) + btop(va);
	pt_entry_t old = *pte;
	vm_page_t m;

	*pte = 0;
	invlpg(va);
	if ((m = PHYS_TO_VM_PAGE(old & PG_FRAME)) != NULL)
		pv_remove(m, pmap, va);
}

void
pmap_release_tables(pmap_t pmap)
{
	vm_offset_t table;
	vm_page_t m;
	int i;

	for (i = 0; i < PTDPTDI; i++) {
		if (!(pmap->pm_pdir[i] & PG_V))
			continue;
		m = PHYS_TO_VM_PAGE(pmap->pm_pdir[i] & PG_FRAME);
		table = UPT_MIN + ptob(i);
		pmap_change_wiring(pmap, table, 0);
		pmap_remove_quick(pmap, table);
		if (m == NULL || m->pv_list != NULL)
			panic("pmap_release: page table %d of %x", i, pmap->pm_pdirpa);
		vm_page_free(m);
	}
}

/* --- early-free: page tables are free while the directory names them ---------- */

void
pmap_free_tables(pmap_t pmap)
{
	vm_page_t m;
	int i;

	for (i = 0; i < PTDPTDI; i++) {
		if (!(pmap->pm_pdir[i] & PG_V))
			continue;
		m = PHYS_TO_VM_PAGE(pmap->pm_pdir[i] & PG_FRAME);
		pv_remove(m, pmap, UPT_MIN + ptob(i));
		vm_page_free(m);
	}
}

void
pmap_clear_tables(pmap_t pmap)
{
	int i;

	for (i = 0; i < PTDPTDI; i++)
		pmap->pm_pdir[i] = 0;
}

/* --- early-invlpg: flushes, reads once more, clears --------------------------- */

void
pmap_qremove_early(vm_offset_t va, int count)
{
	static volatile uint32_t sum;
	int i;

	for (i = 0; i < count; i++) {
		if (!(*vtopte(va + ptob(i)) & PG_V))
			continue;
		invlpg(va + ptob(i));
		/* Of its last contents, for the log. */
		sum += *(volatile uint32_t *)(va + ptob(i));
		*vtopte(va + ptob(i)) = 0;
	}
}

/*
 * Page tables. The current address space is changed through PTmap, where its
 * page tables appear by the recursive slot. Any other one is changed through
 * APTmap: its directory is put into the alternate slot of the current
 * directory, and stays there. There is one alternate slot, no release and no
 * lock: whoever uses it assumes that no one else does meanwhile.
 *
 * That holds as long as no interrupt handler changes a foreign address space.
 * With the merged VM/buffer cache they do, unless the pages of a buffer have
 * no mappings when its I/O completes (vfs/vfs_bio.c, vfs_busy_pages).
 */
#include "cpu.h"
#include "intr.h"
#include "pmap.h"
#include "variant.h"
#include "vm.h"

#define NPV		6000
#define NPV_FEW		400

struct pmap kernel_pmap_store;
extern pt_entry_t kernel_pt[];

static struct pv_entry pv_store[NPV];
PRIVATE struct pv_entry *pv_free;
/* Two pages of kernel addresses, for zeroing and copying. */
static vm_offset_t window1, window2;

/* Flushes the TLB, as a 386 must: by loading CR3. */
static inline void
pmap_update(void)
{
	__asm volatile("movl %%cr3, %%eax; movl %%eax, %%cr3" : : : "eax", "memory");
}

/* After a change of kernel entries for `count' pages. */
static inline void
pmap_update_kernel(vm_offset_t va, int count)
{
	if (!VARIANT(skip_flush) && !VARIANT(table_gone)) {
		pmap_update();
		return;
	}
	for (; count > 0; count--, va += PAGE_SIZE)
		__asm volatile("invlpg (%0)" : : "r" (va) : "memory");
}

void
pmap_bootstrap(void)
{
	int i;

	kernel_pmap->pm_pdir = IdlePTD;
	kernel_pmap->pm_pdirpa = (vm_offset_t)IdlePTD - KERNBASE;
	for (i = 0; i < (VARIANT(pv_reclaim) ? NPV_FEW : NPV); i++) {
		pv_store[i].pv_next = pv_free;
		pv_free = &pv_store[i];
	}
	window1 = kva_alloc(1);
	window2 = kva_alloc(1);
#ifdef VARIANTS
	pmap1_bootstrap();
#endif
}

/* --- Finding page table entries ------------------------------------------- */

/*
 * Where the page tables of `pmap' appear: in PTmap if it is the current one
 * or the kernel's, else in APTmap, after a switch of the alternate slot
 * unless it names them already.
 */
INLINED volatile pt_entry_t *
get_ptbase(pmap_t pmap)
{
	vm_offset_t frame = pmap->pm_pdir[PTDPTDI] & PG_FRAME;

	if (VARIANT(pmap1))
		return NULL;
	if (pmap == kernel_pmap || frame == (PTDpde & PG_FRAME))
		return PTmap;
	if (frame != (APTDpde & PG_FRAME)) {
		APTDpde = frame | PG_V | PG_RW;
		if (!VARIANT(no_flush))
			pmap_update();
	}
	return APTmap;
}

#ifdef VARIANTS
/* For what is not part of this file. */
volatile pt_entry_t *
alternate_map(pmap_t pmap)
{
	return get_ptbase(pmap);
}

static pt_entry_t
alternate_now(void)
{
	return VARIANT(save_restore) || VARIANT(restore_no_flush) ? APTDpde : 0;
}

/* Puts back what the alternate slot named. */
static void
put_ptbase(pt_entry_t saved)
{
	if ((!VARIANT(save_restore) && !VARIANT(restore_no_flush)) || APTDpde == saved)
		return;
	APTDpde = saved;
	if (!VARIANT(restore_no_flush))
		pmap_update();
}

#define pte_at(ptbase, pmap, va) \
	(VARIANT(pmap1) ? pmap_pte_quick(pmap, va) : (ptbase) + btop(va))
#else
#define alternate_now()		0
#define put_ptbase(saved)	((void)(saved))
#define pte_at(ptbase, pmap, va)	((ptbase) + btop(va))
#endif

/* The entry that maps `va', or NULL when there is no page table for it. */
INLINED volatile pt_entry_t *
pmap_pte(pmap_t pmap, vm_offset_t va)
{
	if (!(pmap->pm_pdir[va >> PDR_SHIFT] & PG_V))
		return NULL;
	return pte_at(get_ptbase(pmap), pmap, va);
}

static pt_entry_t
pte_prot(vm_offset_t va, int prot)
{
	pt_entry_t bits = PG_V;

	if (prot & VM_PROT_WRITE)
		bits |= PG_RW;
	/* User pages, and the page tables of user pages. */
	if (va < KSTACK || (va >= UPT_MIN && va < UPT_MIN + KERNBASE / 1024))
		bits |= PG_U;
	return bits;
}

/* --- Who maps a page ------------------------------------------------------ */

PRIVATE void
pv_insert(vm_page_t m, pmap_t pmap, vm_offset_t va)
{
	struct pv_entry *pv;
	int s = splhigh();

#ifdef VARIANTS
	if (VARIANT(pv_reclaim))
		pmap_collect();
#endif
	if ((pv = pv_free) == NULL)
		panic("pmap: out of pv entries");
	pv_free = pv->pv_next;
	pv->pv_pmap = pmap;
	pv->pv_va = va;
	pv->pv_next = m->pv_list;
	m->pv_list = pv;
	splx(s);
}

PRIVATE void
pv_remove(vm_page_t m, pmap_t pmap, vm_offset_t va)
{
	struct pv_entry **link, *pv;
	int s = splhigh();

	for (link = &m->pv_list; (pv = *link) != NULL; link = &pv->pv_next) {
		if (pv->pv_pmap != pmap || pv->pv_va != va)
			continue;
		*link = pv->pv_next;
		pv->pv_next = pv_free;
		pv_free = pv;
		break;
	}
	if (m->pv_list == NULL)
		m->flags &= ~(PG_MAPPED | PG_WRITEABLE);
	splx(s);
}

/* What the hardware noted in an entry that goes away belongs to the page. */
PRIVATE void
fold_bits(vm_page_t m, pt_entry_t pte)
{
	if (pte & PG_M)
		m->dirty = 1;
	if (pte & PG_A)
		m->flags |= PG_REFERENCED;
}

/* After a change of one entry of any address space. */
static inline void
pmap_update_mapping(vm_offset_t va)
{
	if (VARIANT(skip_flush))
		__asm volatile("invlpg (%0)" : : "r" (va) : "memory");
	else
		pmap_update();
}

/* --- One mapping ----------------------------------------------------------- */

/*
 * Maps `va' to `pa'. The entry is found, read and, after the pv work, stored;
 * if `pmap' is not the current one the alternate map must stay put meanwhile.
 */
void
pmap_enter(pmap_t pmap, vm_offset_t va, vm_offset_t pa, int prot, boolean_t wired)
{
	volatile pt_entry_t *pte;
	pt_entry_t npte;
	vm_offset_t opa;
	vm_page_t m = PHYS_TO_VM_PAGE(pa);

	if ((pte = pmap_pte(pmap, va)) == NULL)
		panic("pmap_enter: no page table for %x", va);
	opa = *pte & PG_FRAME;
	if (opa != pa) {
		if (opa != 0)
			pmap_remove(pmap, va, va + PAGE_SIZE);
		if (m != NULL)
			pv_insert(m, pmap, va);
	}
	npte = pa | pte_prot(va, prot);
	if (wired)
		npte |= PG_W;
	if (opa == pa)
		npte |= *pte & (PG_A | PG_M);
	if (m != NULL) {
		m->flags |= PG_MAPPED;
		if (prot & VM_PROT_WRITE)
			m->flags |= PG_WRITEABLE;
	}
	*pte = npte;
	if (opa != 0)
		pmap_update_mapping(va);
}

/* Removes all mappings of a range; the map is switched once, for all of it. */
void
pmap_remove(pmap_t pmap, vm_offset_t sva, vm_offset_t eva)
{
	volatile pt_entry_t *ptbase = get_ptbase(pmap);
	boolean_t any = 0;
	pt_entry_t old;
	vm_page_t m;

#ifdef VARIANTS
	if (VARIANT(pmap1)) {
		if (pmap1_remove(pmap, sva, eva))
			pmap_update();
		return;
	}
#endif
	while (sva < eva) {
		if (!(pmap->pm_pdir[sva >> PDR_SHIFT] & PG_V)) {
			sva = (sva & ~((1u << PDR_SHIFT) - 1)) + (1u << PDR_SHIFT);
			if (sva == 0)
				break;
			continue;
		}
		if ((old = ptbase[btop(sva)]) != 0) {
			ptbase[btop(sva)] = 0;
			if (VARIANT(skip_flush))
				pmap_update_mapping(sva);
			else
				any = 1;
			if ((m = PHYS_TO_VM_PAGE(old & PG_FRAME)) != NULL) {
				fold_bits(m, old);
				pv_remove(m, pmap, sva);
			}
		}
		sva += PAGE_SIZE;
	}
	if (any)
		pmap_update();
}

/* Takes rights away from a range. */
void
pmap_protect(pmap_t pmap, vm_offset_t sva, vm_offset_t eva, int prot)
{
	volatile pt_entry_t *ptbase;
	boolean_t any = 0;

	if (!(prot & VM_PROT_READ)) {
		pmap_remove(pmap, sva, eva);
		return;
	}
	if (prot & VM_PROT_WRITE)
		return;
	ptbase = get_ptbase(pmap);
	for (; sva < eva; sva += PAGE_SIZE) {
		if (!(pmap->pm_pdir[sva >> PDR_SHIFT] & PG_V))
			continue;
		if (*pte_at(ptbase, pmap, sva) & PG_RW) {
			*pte_at(ptbase, pmap, sva) &= ~PG_RW;
			if (VARIANT(skip_flush))
				pmap_update_mapping(sva);
			else
				any = 1;
		}
	}
	if (any)
		pmap_update();
}

/* The physical address behind `va'; 0 when there is none. */
vm_offset_t
pmap_extract(pmap_t pmap, vm_offset_t va)
{
	volatile pt_entry_t *pte = pmap_pte(pmap, va);
	pt_entry_t entry = pte == NULL ? 0 : *pte;

	return entry & PG_V ? (entry & PG_FRAME) | (va & PAGE_MASK) : 0;
}

void
pmap_change_wiring(pmap_t pmap, vm_offset_t va, boolean_t wired)
{
	volatile pt_entry_t *pte = pmap_pte(pmap, va);

	if (pte == NULL)
		return;
	if (wired)
		*pte |= PG_W;
	else
		*pte &= ~PG_W;
}

/* --- The kernel's own mappings: no pv entries ------------------------------ */

void
pmap_kenter(vm_offset_t va, vm_offset_t pa)
{
	*vtopte(va) = pa | PG_V | PG_RW;
	pmap_update_kernel(va, 1);
}

void
pmap_kremove(vm_offset_t va)
{
	*vtopte(va) = 0;
	pmap_update_kernel(va, 1);
}

void
pmap_qenter(vm_offset_t va, struct vm_page **m, int count)
{
	int i;

	for (i = 0; i < count; i++)
		*vtopte(va + ptob(i)) = m[i] == NULL ? 0 :
		    m[i]->phys_addr | PG_V | PG_RW;
	if (!VARIANT(early_invlpg))	/* what was not valid is in no TLB */
		pmap_update_kernel(va, count);
}

void
pmap_qremove(vm_offset_t va, int count)
{
	int i;

#ifdef VARIANTS
	if (VARIANT(early_invlpg)) {
		pmap_qremove_early(va, count);
		return;
	}
#endif
	for (i = 0; i < count; i++)
		*vtopte(va + ptob(i)) = 0;
	pmap_update_kernel(va, count);
}

/* --- All mappings of a page ------------------------------------------------ */

/* Removes a page from every address space. Interrupt handlers call this. */
void
pmap_remove_all(vm_page_t m)
{
	volatile pt_entry_t *ptbase;
	struct pv_entry *pv;
	boolean_t any = 0;
	int s = splhigh();
	pt_entry_t saved = alternate_now();

	while ((pv = m->pv_list) != NULL) {
		ptbase = get_ptbase(pv->pv_pmap);
		fold_bits(m, *pte_at(ptbase, pv->pv_pmap, pv->pv_va));
		*pte_at(ptbase, pv->pv_pmap, pv->pv_va) = 0;
		any = !VARIANT(remove_no_flush);
		m->pv_list = pv->pv_next;
		pv->pv_next = pv_free;
		pv_free = pv;
	}
	m->flags &= ~(PG_MAPPED | PG_WRITEABLE);
	if (any)
		pmap_update();
	put_ptbase(saved);
	splx(s);
}

/* Whether any mapping of the page has `bit' set. Interrupt handlers call this. */
boolean_t
pmap_testbit(vm_page_t m, pt_entry_t bit)
{
	volatile pt_entry_t *ptbase;
	struct pv_entry *pv;
	boolean_t found = 0;
	int s = splhigh();
	pt_entry_t saved = alternate_now();

	for (pv = m->pv_list; pv != NULL && !found; pv = pv->pv_next) {
		ptbase = get_ptbase(pv->pv_pmap);
		found = (*pte_at(ptbase, pv->pv_pmap, pv->pv_va) & bit) != 0;
	}
	put_ptbase(saved);
	splx(s);
	return found;
}

/* Sets or clears `bit' in every mapping. Interrupt handlers call this. */
void
pmap_changebit(vm_page_t m, pt_entry_t bit, boolean_t set)
{
	volatile pt_entry_t *ptbase;
	struct pv_entry *pv;
	pt_entry_t old, new;
	boolean_t any = 0;
	int s = splhigh();
	pt_entry_t saved = alternate_now();

	for (pv = m->pv_list; pv != NULL; pv = pv->pv_next) {
		ptbase = get_ptbase(pv->pv_pmap);
		old = *pte_at(ptbase, pv->pv_pmap, pv->pv_va);
		new = set ? old | bit : old & ~bit;
		if (new != old) {
			*pte_at(ptbase, pv->pv_pmap, pv->pv_va) = new;
			any = 1;
		}
	}
	if (any)
		pmap_update();
	put_ptbase(saved);
	splx(s);
}

/* --- Address spaces -------------------------------------------------------- */

boolean_t
pmap_pinit(pmap_t pmap)
{
#ifdef VARIANTS
	vm_page_t m = VARIANT(skip_flush) ? take_spare_directory() : vm_page_alloc(NULL, 0);
#else
	vm_page_t m = vm_page_alloc(NULL, 0);
#endif

	if (m == NULL)
		return 0;
	pmap->pm_pdirpage = m;
	pmap->pm_pdirpa = m->phys_addr;
	pmap->pm_pdir = (pt_entry_t *)kva_alloc(1);
	pmap_kenter((vm_offset_t)pmap->pm_pdir, m->phys_addr);
	bzero(pmap->pm_pdir, PAGE_SIZE);
	bcopy(IdlePTD + KPTDI, pmap->pm_pdir + KPTDI, NKPT * sizeof(pt_entry_t));
	pmap->pm_pdir[PTDPTDI] = m->phys_addr | PG_V | PG_RW;
	return 1;
}

/* Gives the page tables and the directory back. No user page is mapped. */
void
pmap_release(pmap_t pmap)
{
	vm_offset_t table;
	vm_page_t m;
	int i;

#ifdef VARIANTS
	if (VARIANT(early_free))
		pmap_clear_tables(pmap);
#endif
	for (i = 0; i < PTDPTDI; i++) {
		if (!(pmap->pm_pdir[i] & PG_V))
			continue;
		m = PHYS_TO_VM_PAGE(pmap->pm_pdir[i] & PG_FRAME);
		table = UPT_MIN + ptob(i);
		pmap_change_wiring(pmap, table, 0);
		pmap_remove(pmap, table, table + PAGE_SIZE);
		if (m == NULL || m->pv_list != NULL)
			panic("pmap_release: page table %d of %x", i, pmap->pm_pdirpa);
		vm_page_free(m);
	}
	pmap_kremove((vm_offset_t)pmap->pm_pdir);
	kva_free((vm_offset_t)pmap->pm_pdir, 1);
#ifdef VARIANTS
	if (VARIANT(skip_flush) && keep_spare_directory(pmap->pm_pdirpage))
		return;
#endif
	vm_page_free(pmap->pm_pdirpage);
}

/* --- Contents of pages ----------------------------------------------------- */

void
pmap_zero_page(vm_offset_t pa)
{
	pmap_kenter(window1, pa);
	bzero((void *)window1, PAGE_SIZE);
}

void
pmap_copy_page(vm_offset_t from, vm_offset_t to)
{
	pmap_kenter(window1, from);
	pmap_kenter(window2, to);
	bcopy((void *)window1, (void *)window2, PAGE_SIZE);
}

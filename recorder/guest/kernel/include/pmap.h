/*
 * Address space layout and the machine-dependent page tables. The addresses
 * are those of FreeBSD 2.1 on the i386.
 */
#ifndef PMAP_H
#define PMAP_H

#include "param.h"

typedef uint32_t pt_entry_t;

#define PG_V		0x001		/* valid */
#define PG_RW		0x002
#define PG_U		0x004		/* user */
#define PG_A		0x020		/* accessed */
#define PG_M		0x040		/* modified */
#define PG_W		0x200		/* wired, for software */
#define PG_FRAME	0xfffff000u

#define KERNBASE	0xf0000000u
#define KPTDI		960
#define NKPT		16		/* kernel page tables in use: 64 MB */
#define PTDPTDI		959		/* recursive slot */
#define APTDPTDI	1023		/* alternate slot */
#define KSTKPTDI	958

#define PTmap		((volatile pt_entry_t *)0xefc00000u)
#define PTD		((volatile pt_entry_t *)0xeffbf000u)
#define PTDpde		(PTD[PTDPTDI])
#define APTmap		((volatile pt_entry_t *)0xffc00000u)
#define APTDpde		(PTD[APTDPTDI])
#define vtopte(va)	(PTmap + btop(va))

#define UPAGES		2
#define KSTACK		0xefbfe000u	/* user structure and kernel stack */
#define KSTACK_TOP	(KSTACK + UPAGES * PAGE_SIZE)
#define USRSTACK	KSTACK
#define USRSTACK_SIZE	(64 * 1024u)
#define UPT_MIN		0xefc00000u	/* the page tables as a process sees them */

#define KVA_MIN		0xf1000000u	/* managed by kva_alloc */
#define KVA_MAX		0xf2000000u

#define VM_PROT_NONE	0
#define VM_PROT_READ	1
#define VM_PROT_WRITE	2
#define VM_PROT_RW	3

struct vm_page;
struct proc;

typedef struct pmap {
	pt_entry_t *pm_pdir;		/* kernel's mapping of the directory */
	vm_offset_t pm_pdirpa;
	struct vm_page *pm_pdirpage;
} *pmap_t;

/* One mapping of a managed page. */
struct pv_entry {
	struct pv_entry *pv_next;
	pmap_t	pv_pmap;
	vm_offset_t pv_va;
};

extern struct pmap kernel_pmap_store;
#define kernel_pmap	(&kernel_pmap_store)
extern pt_entry_t IdlePTD[];

void	pmap_bootstrap(void);
boolean_t pmap_pinit(pmap_t);
void	pmap_release(pmap_t);
void	pmap_enter(pmap_t, vm_offset_t va, vm_offset_t pa, int prot, boolean_t wired);
void	pmap_remove(pmap_t, vm_offset_t sva, vm_offset_t eva);
void	pmap_protect(pmap_t, vm_offset_t sva, vm_offset_t eva, int prot);
vm_offset_t pmap_extract(pmap_t, vm_offset_t va);
void	pmap_change_wiring(pmap_t, vm_offset_t va, boolean_t wired);
void	pmap_kenter(vm_offset_t va, vm_offset_t pa);
void	pmap_kremove(vm_offset_t va);
void	pmap_qenter(vm_offset_t va, struct vm_page **m, int count);
void	pmap_qremove(vm_offset_t va, int count);
void	pmap_remove_all(struct vm_page *);
boolean_t pmap_testbit(struct vm_page *, pt_entry_t bit);
void	pmap_changebit(struct vm_page *, pt_entry_t bit, boolean_t set);
void	pmap_zero_page(vm_offset_t pa);
void	pmap_copy_page(vm_offset_t from, vm_offset_t to);

#define pmap_is_modified(m)	pmap_testbit(m, PG_M)
#define pmap_is_referenced(m)	pmap_testbit(m, PG_A)
#define pmap_clear_modify(m)	pmap_changebit(m, PG_M, 0)
#define pmap_clear_reference(m)	pmap_changebit(m, PG_A, 0)

/* Kernel addresses, by the page (vm/kva.c). */
vm_offset_t kva_alloc(int pages);
void	kva_free(vm_offset_t va, int pages);

#endif

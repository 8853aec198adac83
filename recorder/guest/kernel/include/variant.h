/*
 * Mistakes that kernels made with page tables, and half a mistake mended: each
 * by the name of the change. Only the image variants.elf can make them (boot
 * option `variant'). In kernel.elf VARIANT() is 0, and nothing of them is left.
 * docs/bug-classes.md tells the class of each.
 */
#ifndef VARIANT_H
#define VARIANT_H

#include "pmap.h"

#ifdef VARIANTS
enum variant {
	VARIANT_none,
	VARIANT_save_restore,		/* pmap: handlers put the slot back */
	VARIANT_restore_no_flush,	/* and do not flush */
	VARIANT_no_fault_wait,		/* kernel=fixed without its wait in vm_fault */
	VARIANT_shared_directory,	/* two threads under one directory */
	VARIANT_pmap_copy,		/* sleeps for a page table in the window */
	VARIANT_pv_reclaim,		/* pv entries run out inside pmap_enter */
	VARIANT_no_flush,		/* the slot is switched, the TLB is not flushed */
	VARIANT_skip_flush,		/* a directory that is reused at once */
	VARIANT_target_exits,		/* the process ends whose tables are looked at */
	VARIANT_table_gone,		/* page tables go before what they map */
	VARIANT_remove_no_flush,	/* pmap_remove_all does not flush */
	VARIANT_early_invlpg,		/* pmap_qremove flushes, reads, clears */
	VARIANT_early_free,		/* page tables are freed, then cleared */
	VARIANT_pmap1,			/* one page for one page table of someone else's */
	VARIANT_lost_dirty,		/* PTEs are written back as they were read */
	/* From here on kernel=fixed asks protects(). */
	VARIANT_reads_only,		/* kernel=fixed for reads alone */
	VARIANT_one_transfer,		/* kernel=fixed but for one transfer */
	NVARIANTS
};

extern enum variant boot_variant;
extern int boot_transfer;		/* option `transfer': which one */

#define VARIANT(name)	(boot_variant == VARIANT_##name)
#define WHOLE_FIX	(boot_variant < VARIANT_reads_only)
#define PRIVATE				/* variants use it from other files */
/* As it is without variants, where the compiler finds that it pays. */
#define INLINED	static inline __attribute__((always_inline))

void	set_variant(const char *name);
void	start_variant(void);

/* vm/pmap.c */
volatile pt_entry_t *alternate_map(pmap_t);
void	pv_insert(struct vm_page *, pmap_t, vm_offset_t va);
void	pv_remove(struct vm_page *, pmap_t, vm_offset_t va);
void	fold_bits(struct vm_page *, pt_entry_t);
extern struct pv_entry *pv_free;

/* variant/ */
struct buf;
boolean_t protects(struct buf *, unsigned page);
void	pmap1_bootstrap(void);
volatile pt_entry_t *pmap_pte_quick(pmap_t, vm_offset_t va);
boolean_t pmap1_remove(pmap_t, vm_offset_t sva, vm_offset_t eva);
void	pmap_collect(void);
void	pmap_copy(pmap_t dst, pmap_t src, vm_offset_t sva, vm_offset_t eva);
void	pmap_remove_quick(pmap_t, vm_offset_t va);
void	pmap_release_tables(pmap_t);
void	pmap_free_tables(pmap_t);
void	pmap_clear_tables(pmap_t);
void	pmap_qremove_early(vm_offset_t va, int count);
struct vm_page *take_spare_directory(void);
boolean_t keep_spare_directory(struct vm_page *);
void	ager(void), ager_down(void), ager_up(void);
#else
#define VARIANT(name)	0
#define WHOLE_FIX	1
#define protects(bp, page)	1
#define PRIVATE		static
#define INLINED		static
#endif

#endif

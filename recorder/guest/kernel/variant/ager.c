/* Ageing: takes the referenced bits of all processes, and rests in between. */
#include "cpu.h"
#include "proc.h"
#include "variant.h"

#define BATCH		64

static int ageing;

static boolean_t
alive(struct proc *p)
{
	return p->p_stat == SRUN || p->p_stat == SSLEEP;
}

/*
 * Entry by entry, through a pointer that is taken once. In `target-exits' the
 * process may end while the ager sleeps; in `shared-directory' another ager
 * switches the slot that both have.
 */
static void
age_in_place(pmap_t pmap, int step, struct proc *p)
{
	volatile pt_entry_t *pt = alternate_map(pmap), *pd = pt + PTDPTDI * 1024;
	int table, i, left = step;

	if (pt == PTmap)
		return;
	for (table = 0; table < KSTKPTDI; table++)
		for (i = 0; i < 1024 && pd[table] & PG_V; i++) {
			if (pt[table * 1024 + i] & PG_A)
				pt[table * 1024 + i] &= ~PG_A;
			if (--left == 0) {
				left = step;
				tsleep(&ageing, "ager", 1);
				if (p != NULL && !alive(p))
					return;
			}
		}
}

/* A batch is read, and written back later: what the processor noted meanwhile is lost. */
static void
age_batches(struct proc *p)
{
	pmap_t pmap = &p->p_vmspace->vm_pmap;
	volatile pt_entry_t *pt;
	pt_entry_t old[BATCH];
	int table, first, i, found;

	for (table = 0; table < KSTKPTDI; table++)
		for (first = 0; first < 1024; first += BATCH) {
			if (!alive(p))
				return;
			if (!(pmap->pm_pdir[table] & PG_V))
				break;
			pt = alternate_map(pmap) + table * 1024 + first;
			for (found = 0, i = 0; i < BATCH; i++)
				found |= old[i] = pt[i];
			if (!(found & PG_A))
				continue;
			tsleep(&ageing, "ager", 1);
			if (!alive(p))
				return;
			if (!(pmap->pm_pdir[table] & PG_V))
				break;
			pt = alternate_map(pmap) + table * 1024 + first;
			for (i = 0; i < BATCH; i++)
				if (old[i] & PG_A && ((pt[i] ^ old[i]) & ~(PG_A | PG_M)) == 0)
					pt[i] = old[i] & ~PG_A;
		}
}

/* The first processes are the kernel's own. */
#define FIRST		5

void
ager(void)
{
	struct proc *p;

	for (;; tsleep(&ageing, "ager", 2))
		for (p = &proc[FIRST]; p < &proc[NPROC]; p++)
			if (alive(p) && p != curproc) {
				if (VARIANT(lost_dirty))
					age_batches(p);
				else
					age_in_place(&p->p_vmspace->vm_pmap, 300, NULL);
			}
}

static boolean_t
has_user_half(struct proc *p)
{
	return alive(p) && p->p_vmspace->vm_pmap.pm_pdirpa != kernel_pmap->pm_pdirpa;
}

void
ager_up(void)
{
	struct proc *p;

	for (;; tsleep(&ageing, "ager", 1))
		for (p = &proc[1]; p < &proc[NPROC]; p++)
			if (has_user_half(p))
				age_in_place(&p->p_vmspace->vm_pmap, 700, p);
}

void
ager_down(void)
{
	struct proc *p;

	for (;; tsleep(&ageing, "ager", 1))
		for (p = &proc[NPROC - 1]; p > proc; p--)
			if (has_user_half(p))
				age_in_place(&p->p_vmspace->vm_pmap, 700, p);
}

/* Which mistake to make, and the processes that some need. */
#include "buf.h"
#include "cpu.h"
#include "proc.h"
#include "variant.h"

enum variant boot_variant;
int	boot_transfer = 140;

static const char *const names[NVARIANTS] = {
	[VARIANT_none] = "none",
	[VARIANT_save_restore] = "save-restore",
	[VARIANT_restore_no_flush] = "restore-no-flush",
	[VARIANT_no_fault_wait] = "no-fault-wait",
	[VARIANT_shared_directory] = "shared-directory",
	[VARIANT_pmap_copy] = "pmap-copy",
	[VARIANT_pv_reclaim] = "pv-reclaim",
	[VARIANT_no_flush] = "no-flush",
	[VARIANT_skip_flush] = "skip-flush",
	[VARIANT_target_exits] = "target-exits",
	[VARIANT_table_gone] = "table-gone",
	[VARIANT_remove_no_flush] = "remove-no-flush",
	[VARIANT_early_invlpg] = "early-invlpg",
	[VARIANT_early_free] = "early-free",
	[VARIANT_pmap1] = "pmap1",
	[VARIANT_lost_dirty] = "lost-dirty",
	[VARIANT_reads_only] = "reads-only",
	[VARIANT_one_transfer] = "one-transfer",
};

void
set_variant(const char *name)
{
	int i;

	for (i = 0; i < NVARIANTS; i++)
		if (strcmp(name, names[i]) == 0) {
			boot_variant = i;
			return;
		}
	panic("no variant %s", name);
}

/* Half the fix: whether no process keeps a page of the transfer that begins. */
boolean_t
protects(struct buf *bp, unsigned page)
{
	static struct buf *last;
	static unsigned last_page;
	static int transfers;

	if (VARIANT(reads_only))
		return (bp->b_flags & B_READ) != 0;
	if (bp != last || page <= last_page)
		transfers++;
	last = bp;
	last_page = page;
	return transfers != boot_transfer;
}

/* A thread of the kernel's own: on IdlePTD, its stack in kernel addresses. */
static void
kthread(const char *name, void (*start)(void))
{
	vm_offset_t up = kva_alloc(UPAGES);
	struct proc *p;
	int i;

	for (p = &proc[1]; p->p_stat != SFREE; p++)
		;
	bzero(p, sizeof *p);
	p->p_pid = 100 + (p - proc);
	for (i = 0; i < UPAGES; i++)
		pmap_kenter(up + ptob(i), vm_page_alloc(NULL, 0)->phys_addr);
	bzero((void *)up, ptob(UPAGES));
	strlcpy(p->p_comm, name, sizeof p->p_comm);
	p->p_pptr = &proc0;
	p->p_vmspace = proc0.p_vmspace;
	p->p_addr = (struct user *)up;
	p->p_addr->u_pcb.pcb_cr3 = kernel_pmap->pm_pdirpa;
	p->p_addr->u_pcb.pcb_esp = up + ptob(UPAGES) - 64;
	p->p_addr->u_pcb.pcb_eip = (uint32_t)fork_trampoline;
	p->p_addr->u_pcb.pcb_ebx = (uint32_t)start;
	setrunqueue(p);
}

static void
start_ager(void)
{
	strlcpy(curproc->p_comm, "ager", sizeof curproc->p_comm);
	ager();
}

void
start_variant(void)
{
	struct proc *p;

	if (VARIANT(shared_directory)) {
		kthread("ager0", ager_up);
		kthread("ager1", ager_down);
	}
	if (VARIANT(target_exits) || VARIANT(lost_dirty))
		if (fork1(&proc0, start_ager, &p) != 0)
			panic("cannot start the ager");
}

/*
 * The page daemon: keeps some pages of files reusable. Pages that were not
 * referenced lately are written back if dirty, and else cached.
 */
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "vm.h"

#define MAX_LAUNDER	8		/* writes started in one scan */

static int pages_needed;

void
pagedaemon_wakeup(void)
{
	if (!pages_needed) {
		pages_needed = 1;
		wakeup(&pages_needed);
	}
}

/* Moves pages that nobody used since the last scan to the inactive queue. */
static void
scan_active(int want)
{
	struct link *l = vm_page_queue_active.next, *next;
	int left = want * 4, s;
	vm_page_t m;

	s = splhigh();
	for (; l != &vm_page_queue_active && want > 0 && left-- > 0; l = next) {
		next = l->next;
		m = list_entry(l, struct vm_page, pageq);
		if (m->busy || m->flags & PG_BUSY)
			continue;
		if (m->flags & PG_REFERENCED || pmap_is_referenced(m)) {
			m->flags &= ~PG_REFERENCED;
			pmap_clear_reference(m);
			vm_page_activate(m);
		} else {
			vm_page_deactivate(m);
			want--;
		}
	}
	splx(s);
}

static void
scan_inactive(void)
{
	struct link *l, *next;
	int launder = MAX_LAUNDER, s;
	vm_page_t m;

again:
	s = splhigh();
	for (l = vm_page_queue_inactive.next; l != &vm_page_queue_inactive; l = next) {
		next = l->next;
		m = list_entry(l, struct vm_page, pageq);
		if (!vm_page_shortage())
			break;
		if (m->busy || m->flags & PG_BUSY || m->wire_count)
			continue;
		if (m->flags & PG_REFERENCED || pmap_is_referenced(m)) {
			m->flags &= ~PG_REFERENCED;
			pmap_clear_reference(m);
			vm_page_activate(m);
			continue;
		}
		vm_page_test_dirty(m);
		if (!m->dirty) {
			vm_page_cache(m);
			continue;
		}
		if (launder-- == 0)
			break;
		splx(s);
		vnode_pager_putpage(m, 0);
		goto again;		/* the queue has changed */
	}
	splx(s);
}

void
vm_pageout(void)
{
	for (;;) {
		int s = splhigh();

		if (!vm_page_shortage()) {
			pages_needed = 0;
			tsleep(&pages_needed, "psleep", 0);
		}
		splx(s);
		scan_active(32);
		scan_inactive();
		/* Still short: let what was started complete. */
		if (vm_page_shortage()) {
			pages_needed = 1;
			tsleep(&boot_maxpages, "plaundr", 1);
		}
	}
}

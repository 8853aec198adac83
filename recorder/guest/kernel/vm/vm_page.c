/*
 * Physical pages. Each is on one queue, or wired, or private to someone. The
 * pages of files are found by (object, index).
 */
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "variant.h"
#include "vm.h"

#define MAXPAGES	4096		/* 16 MB */
#define NHASH		512
/* Pages that only the kernel itself may take. */
#define RESERVED	16

static struct vm_page vm_page_array[MAXPAGES];
static unsigned first_page, page_count;
static struct link hash[NHASH];
static struct link queue_free, queue_cache;
struct link vm_page_queue_active, vm_page_queue_inactive;
static int free_count;
int	vm_file_pages;			/* resident pages of files */
static int cache_count;
static int waiting;			/* address to sleep on, and whether any do */

void
vm_page_startup(vm_offset_t first, vm_offset_t end)
{
	vm_page_t m;
	unsigned i;

	list_init(&queue_free);
	list_init(&queue_cache);
	list_init(&vm_page_queue_active);
	list_init(&vm_page_queue_inactive);
	for (i = 0; i < NHASH; i++)
		list_init(&hash[i]);
	first_page = btop(round_page(first));
	page_count = min(btop(end) - first_page, MAXPAGES);
	for (i = 0; i < page_count; i++) {
		m = &vm_page_array[i];
		m->phys_addr = ptob(first_page + i);
		m->queue = PQ_FREE;
		list_append(&queue_free, &m->pageq);
	}
	free_count = page_count;
}

/* NULL for what is not managed: the kernel itself, device memory. */
vm_page_t
PHYS_TO_VM_PAGE(vm_offset_t pa)
{
	unsigned page = btop(pa);

	if (page < first_page || page >= first_page + page_count)
		return NULL;
	return &vm_page_array[page - first_page];
}

static struct link *
hash_of(vm_object_t object, uint32_t pindex)
{
	return &hash[((uint32_t)object / 32 + pindex) % NHASH];
}

vm_page_t
vm_page_lookup(vm_object_t object, uint32_t pindex)
{
	struct link *head = hash_of(object, pindex), *l;
	vm_page_t m, found = NULL;
	int s = splhigh();

	list_foreach(l, head) {
		m = list_entry(l, struct vm_page, hashq);
		if (m->object == object && m->pindex == pindex) {
			found = m;
			break;
		}
	}
	splx(s);
	return found;
}

/* --- Queues; the callers are at splhigh ------------------------------------ */

static void
unqueue(vm_page_t m)
{
	if (m->queue == PQ_NONE)
		return;
	if (m->queue == PQ_CACHE)
		cache_count--;
	if (m->queue == PQ_FREE)
		free_count--;
	list_remove(&m->pageq);
	m->queue = PQ_NONE;
}

static void
enqueue(vm_page_t m, struct link *head, int queue)
{
	unqueue(m);
	if (VARIANT(early_free) && queue == PQ_FREE)
		list_prepend(head, &m->pageq);	/* still in the cache */
	else
		list_append(head, &m->pageq);
	m->queue = queue;
	if (queue == PQ_CACHE)
		cache_count++;
	if (queue == PQ_FREE)
		free_count++;
	if ((queue == PQ_CACHE || queue == PQ_FREE) && waiting) {
		waiting = 0;
		wakeup(&waiting);
	}
}

static void
leave_object(vm_page_t m)
{
	if (m->object == NULL)
		return;
	list_remove(&m->hashq);
	list_remove(&m->listq);
	m->object = NULL;
	vm_file_pages--;
}

/* --- Allocation ------------------------------------------------------------ */

/*
 * A page, for a file (not valid yet) or without an object; NULL when there is
 * none now. Files may have boot_maxpages pages; they reuse their cached ones.
 */
vm_page_t
vm_page_alloc(vm_object_t object, uint32_t pindex)
{
	struct link *from = &queue_free;
	vm_page_t m;
	int s = splhigh();

	if (object != NULL && vm_file_pages >= boot_maxpages)
		from = &queue_cache;
	else if (free_count <= RESERVED)
		from = &queue_cache;
	if (vm_page_shortage())
		pagedaemon_wakeup();
	if (list_empty(from)) {
		splx(s);
		return NULL;
	}
	m = list_entry(from->next, struct vm_page, pageq);
	if (m->pv_list != NULL || m->busy || m->wire_count)
		panic("vm_page_alloc: page %x is in use", m->phys_addr);
	unqueue(m);
	leave_object(m);
	m->flags = 0;
	m->valid = m->dirty = 0;
	m->object = object;
	m->pindex = pindex;
	if (object != NULL) {
		list_append(hash_of(object, pindex), &m->hashq);
		list_append(&object->memq, &m->listq);
		vm_file_pages++;
	}
	splx(s);
	return m;
}

void
vm_page_free(vm_page_t m)
{
	int s = splhigh();

	if (m->pv_list != NULL || m->busy || m->wire_count)
		panic("vm_page_free: page %x is in use", m->phys_addr);
	leave_object(m);
	m->valid = m->dirty = 0;
	if (m->flags & PG_WANTED)
		wakeup(m);
	m->flags = 0;
	enqueue(m, &queue_free, PQ_FREE);
	splx(s);
}

int
vm_page_count_free(void)
{
	return free_count + cache_count;
}

/* Few pages can be had at once: the page daemon has work. */
boolean_t
vm_page_shortage(void)
{
	if (free_count + cache_count < RESERVED * 4)
		return 1;
	return vm_file_pages - cache_count > boot_maxpages - boot_maxpages / 8;
}

/* Sleeps until a page comes free. */
void
vm_wait(void)
{
	int s = splhigh();

	pagedaemon_wakeup();
	waiting = 1;
	tsleep(&waiting, "vmwait", HZ);
	splx(s);
}

/* --- States ---------------------------------------------------------------- */

void
vm_page_wire(vm_page_t m)
{
	int s = splhigh();

	unqueue(m);
	m->wire_count++;
	splx(s);
}

/* The last unwiring leaves the page on no queue: the caller knows where to. */
void
vm_page_unwire(vm_page_t m)
{
	m->wire_count--;
}

void
vm_page_activate(vm_page_t m)
{
	int s = splhigh();

	if (m->wire_count == 0)
		enqueue(m, &vm_page_queue_active, PQ_ACTIVE);
	splx(s);
}

void
vm_page_deactivate(vm_page_t m)
{
	int s = splhigh();

	if (m->wire_count == 0)
		enqueue(m, &vm_page_queue_inactive, PQ_INACTIVE);
	splx(s);
}

/* Clean and mapped by no one: the next to be reused. */
void
vm_page_cache(vm_page_t m)
{
	int s = splhigh();

	vm_page_protect(m, VM_PROT_NONE);
	if (m->dirty)
		enqueue(m, &vm_page_queue_inactive, PQ_INACTIVE);
	else
		enqueue(m, &queue_cache, PQ_CACHE);
	splx(s);
}

/* Acts only on what is mapped. */
void
vm_page_protect(vm_page_t m, int prot)
{
	if (prot == VM_PROT_NONE && m->flags & (PG_MAPPED | PG_WRITEABLE))
		pmap_remove_all(m);
}

void
vm_page_test_dirty(vm_page_t m)
{
	if (!m->dirty && pmap_is_modified(m))
		m->dirty = 1;
}

void
vm_page_set_validclean(vm_page_t m)
{
	m->valid = 1;
	m->dirty = 0;
	pmap_clear_modify(m);
}

/* Takes a page for oneself; vm_page_wakeup gives it back. */
void
vm_page_busy(vm_page_t m)
{
	m->flags |= PG_BUSY;
}

/* Whoever waits for the page looks again. */
void
vm_page_flash(vm_page_t m)
{
	int s = splhigh();

	if (m->flags & PG_WANTED) {
		m->flags &= ~PG_WANTED;
		wakeup(m);
	}
	splx(s);
}

void
vm_page_wakeup(vm_page_t m)
{
	int s = splhigh();

	m->flags &= ~PG_BUSY;
	vm_page_flash(m);
	splx(s);
}

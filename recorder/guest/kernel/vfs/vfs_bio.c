/*
 * The buffer cache, merged with virtual memory: a buffer is a header and
 * kernel addresses for two pages of a file's object. The same pages may be
 * mapped by processes.
 *
 * An asynchronous transfer ends in the disk interrupt: biodone marks what was
 * read valid and clean, and brelse runs the pages down. Both ask and change
 * the mappings of the pages, and so, in the buggy kernel, may switch the
 * alternate page table map under a process that is using it.
 */
#include "buf.h"
#include "cpu.h"
#include "intr.h"
#include "proc.h"
#include "variant.h"
#include "vnode.h"

#define NHASH		32

static struct buf buf[NBUF];
static struct link hash[NHASH], free_list;
static int wanted;			/* someone waits for any buffer */

void
bufinit(void)
{
	int i;

	list_init(&free_list);
	for (i = 0; i < NHASH; i++)
		list_init(&hash[i]);
	for (i = 0; i < NBUF; i++) {
		buf[i].b_data = kva_alloc(BLOCK_PAGES);
		list_append(&free_list, &buf[i].b_free);
	}
}

static struct link *
hash_of(struct vnode *vp, uint32_t lblkno)
{
	return &hash[((uint32_t)vp / sizeof *vp + lblkno) % NHASH];
}

static struct buf *
incore(struct vnode *vp, uint32_t lblkno)
{
	struct link *head = hash_of(vp, lblkno), *l;
	struct buf *bp, *found = NULL;
	int s = splbio();

	list_foreach(l, head) {
		bp = list_entry(l, struct buf, b_hash);
		if (bp->b_vp == vp && bp->b_lblkno == lblkno) {
			found = bp;
			break;
		}
	}
	splx(s);
	return found;
}

/* --- Pages ------------------------------------------------------------------ */

/* Before a transfer: no page may be freed, nor, if fixed, mapped. */
static void
vfs_busy_pages(struct buf *bp)
{
	unsigned i;
	vm_page_t m;

	for (i = 0; i < BLOCK_PAGES; i++) {
		if ((m = bp->b_pages[i]) == NULL)
			continue;
		m->object->paging_in_progress++;
		m->busy++;
		if (kernel_fixed && (WHOLE_FIX || protects(bp, i)))
			vm_page_protect(m, VM_PROT_NONE);
	}
}

static void
vfs_unbusy_pages(struct buf *bp)
{
	unsigned i;
	vm_page_t m;

	for (i = 0; i < BLOCK_PAGES; i++) {
		if ((m = bp->b_pages[i]) == NULL)
			continue;
		m->object->paging_in_progress--;
		if (--m->busy == 0)
			vm_page_flash(m);	/* PG_BUSY is not ours */
	}
}

static boolean_t
in_transfer(struct buf *bp, unsigned page)
{
	return ptob(page) >= bp->b_ioff && ptob(page) < bp->b_ioff + bp->b_ilen;
}

/* After a read at once, before a write: contents agree with the disk. */
static void
vfs_clean_pages(struct buf *bp)
{
	unsigned i;

	for (i = 0; i < BLOCK_PAGES; i++)
		if (bp->b_pages[i] != NULL && in_transfer(bp, i))
			vm_page_set_validclean(bp->b_pages[i]);
}

/* Gives the pages of a buffer back to where they can be reused. */
static void
vfs_vmio_release(struct buf *bp)
{
	vm_page_t m;
	unsigned i;

	for (i = 0; i < BLOCK_PAGES; i++) {
		if ((m = bp->b_pages[i]) == NULL)
			continue;
		bp->b_pages[i] = NULL;
		vm_page_unwire(m);
		if (m->wire_count > 0 || m->busy || m->flags & PG_BUSY)
			continue;
		if (!m->valid) {
			vm_page_protect(m, VM_PROT_NONE);
			vm_page_free(m);
			continue;
		}
		vm_page_test_dirty(m);
		if (m->dirty)
			vm_page_deactivate(m);
		else if (m->flags & PG_REFERENCED || pmap_is_referenced(m))
			vm_page_activate(m);
		else
			vm_page_cache(m);
	}
	pmap_qremove(bp->b_data, BLOCK_PAGES);
}

/*
 * The pages of a block, wired into the buffer. Only those that are resident
 * when `alloc' is not set: the page daemon cannot wait for pages.
 */
static void
allocbuf(struct buf *bp, boolean_t alloc)
{
	vm_object_t object = bp->b_vp->v_object;
	uint32_t pindex = bp->b_lblkno * BLOCK_PAGES;
	vm_page_t m;
	unsigned i;
	int s;

	for (i = 0; i < BLOCK_PAGES; i++) {
		for (;;) {
			s = splhigh();
			m = vm_page_lookup(object, pindex + i);
			if (m == NULL && alloc)
				m = vm_page_alloc(object, pindex + i);
			if (m != NULL)
				vm_page_wire(m);
			splx(s);
			if (m != NULL || !alloc)
				break;
			vm_wait();
		}
		bp->b_pages[i] = m;
	}
	pmap_qenter(bp->b_data, bp->b_pages, BLOCK_PAGES);
}

/* --- Buffers ---------------------------------------------------------------- */

static void
disown(struct buf *bp)
{
	vfs_vmio_release(bp);
	if (bp->b_vp != NULL)
		list_remove(&bp->b_hash);
	bp->b_vp = NULL;
}

/* A buffer without contents, or NULL after a sleep. */
static struct buf *
getnewbuf(void)
{
	struct buf *bp;

	if (list_empty(&free_list)) {
		wanted = 1;
		tsleep(&wanted, "newbuf", 0);
		return NULL;
	}
	bp = list_entry(free_list.next, struct buf, b_free);
	list_remove(&bp->b_free);
	bp->b_flags |= B_BUSY;
	if (bp->b_flags & B_DELWRI) {
		bawrite(bp);
		return NULL;
	}
	disown(bp);
	bp->b_flags = B_BUSY;
	return bp;
}

static struct buf *
getblk1(struct vnode *vp, uint32_t lblkno, boolean_t alloc)
{
	struct buf *bp;
	int s = splbio();

	for (;;) {
		if ((bp = incore(vp, lblkno)) != NULL) {
			if (bp->b_flags & B_BUSY) {
				bp->b_flags |= B_WANTED;
				tsleep(bp, "getblk", 0);
				continue;
			}
			list_remove(&bp->b_free);
			bp->b_flags |= B_BUSY;
			break;
		}
		if ((bp = getnewbuf()) == NULL)
			continue;
		bp->b_vp = vp;
		bp->b_lblkno = lblkno;
		bp->b_blkno = 0;
		list_append(hash_of(vp, lblkno), &bp->b_hash);
		splx(s);
		allocbuf(bp, alloc);
		return bp;
	}
	splx(s);
	/* One that the page daemon made may lack a page. */
	if (alloc && (bp->b_pages[0] == NULL || bp->b_pages[1] == NULL)) {
		s = splbio();
		vfs_vmio_release(bp);
		splx(s);
		allocbuf(bp, 1);
	}
	return bp;
}

/* The buffer of a block, busy; its pages need not be valid. */
struct buf *
getblk(struct vnode *vp, uint32_t lblkno)
{
	return getblk1(vp, lblkno, 1);
}

/* The same, with the pages only that are resident. */
struct buf *
getblk_resident(struct vnode *vp, uint32_t lblkno)
{
	return getblk1(vp, lblkno, 0);
}

boolean_t
buf_valid(struct buf *bp)
{
	return bp->b_pages[0]->valid && bp->b_pages[1]->valid;
}

/* Transfers `pages' pages of a block, from page `first' on. */
void
buf_start(struct buf *bp, int flags, uint32_t first, uint32_t pages)
{
	bp->b_flags &= ~(B_DONE | B_ERROR | B_READ | B_ASYNC | B_DELWRI);
	bp->b_flags |= flags;
	bp->b_ioff = ptob(first);
	bp->b_ilen = ptob(pages);
	vfs_busy_pages(bp);
	if (!(flags & B_READ))
		vfs_clean_pages(bp);
	if (bp->b_blkno == 0)
		bp->b_blkno = r3fs_bmap(bp->b_vp, bp->b_lblkno, 0);
	if (bp->b_blkno == 0) {
		/* A hole. */
		bzero((char *)bp->b_data + bp->b_ioff, bp->b_ilen);
		biodone(bp);
	} else
		wdstrategy(bp);
}

/* Reads the pages that are not valid. */
static void
start_read(struct buf *bp, int flags)
{
	unsigned first = bp->b_pages[0]->valid ? 1 : 0;
	unsigned last = bp->b_pages[1]->valid ? 0 : 1;

	buf_start(bp, B_READ | flags, first, last - first + 1);
}

/* EIO when the disk failed; the buffer is returned all the same. */
int
bread(struct vnode *vp, uint32_t lblkno, struct buf **bpp)
{
	struct buf *bp = *bpp = getblk(vp, lblkno);

	if (buf_valid(bp))
		return 0;
	start_read(bp, 0);
	return biowait(bp);
}

/* Starts reading a block that will soon be wanted. */
void
breada(struct vnode *vp, uint32_t lblkno)
{
	struct buf *bp;

	if (incore(vp, lblkno) != NULL || vm_page_shortage())
		return;
	bp = getblk(vp, lblkno);
	if (buf_valid(bp))
		brelse(bp);
	else
		start_read(bp, B_ASYNC);
}

/* Writes what is resident and valid of a block. */
static void
start_write(struct buf *bp, int flags)
{
	unsigned first = 0, last = 1;

	if (bp->b_pages[0] == NULL || !bp->b_pages[0]->valid)
		first = 1;
	if (bp->b_pages[1] == NULL || !bp->b_pages[1]->valid)
		last = 0;
	if (first > last) {
		bp->b_flags &= ~B_DELWRI;
		brelse(bp);
		return;
	}
	buf_start(bp, flags, first, last - first + 1);
}

int
bwrite(struct buf *bp)
{
	int error;

	start_write(bp, 0);
	error = biowait(bp);
	brelse(bp);
	return error;
}

void
bawrite(struct buf *bp)
{
	start_write(bp, B_ASYNC);
}

void
bdwrite(struct buf *bp)
{
	bp->b_flags |= B_DELWRI;
	brelse(bp);
}

int
biowait(struct buf *bp)
{
	int s = splbio();

	while (!(bp->b_flags & B_DONE))
		tsleep(bp, "biowait", 0);
	splx(s);
	return bp->b_flags & B_ERROR ? EIO : 0;
}

/* Ends a transfer; mostly called by the disk interrupt. */
void
biodone(struct buf *bp)
{
	unsigned i;
	int s = splbio();

	if (bp->b_flags & B_READ && !(bp->b_flags & B_ERROR))
		vfs_clean_pages(bp);
	if (bp->b_flags & B_ERROR)
		for (i = 0; i < BLOCK_PAGES; i++)
			if (bp->b_pages[i] != NULL)
				vm_page_test_dirty(bp->b_pages[i]);
	vfs_unbusy_pages(bp);
	bp->b_flags |= B_DONE;
	if (bp->b_flags & B_ASYNC)
		brelse(bp);
	else
		wakeup(bp);
	splx(s);
}

/*
 * Releases a buffer. After an asynchronous transfer its pages are run down at
 * once, and live on in the object.
 */
void
brelse(struct buf *bp)
{
	int s = splbio();

	if (bp->b_flags & B_WANTED)
		wakeup(bp);
	if (wanted) {
		wanted = 0;
		wakeup(&wanted);
	}
	if (bp->b_flags & (B_ASYNC | B_RELBUF | B_INVAL | B_ERROR) &&
	    !(bp->b_flags & B_DELWRI)) {
		disown(bp);
		bp->b_flags = 0;
		list_prepend(&free_list, &bp->b_free);
	} else {
		bp->b_flags &= B_DELWRI;
		list_append(&free_list, &bp->b_free);
	}
	splx(s);
}

/* --- Whole files ------------------------------------------------------------ */

/* Starts all delayed writes, of one file or (NULL) of all; may await them. */
void
bufsync(struct vnode *vp, boolean_t wait)
{
	struct buf *bp;
	int s = splbio();

	for (bp = buf; bp < &buf[NBUF]; bp++) {
		if (bp->b_vp == NULL || (vp != NULL && bp->b_vp != vp))
			continue;
		if (!(bp->b_flags & B_BUSY) && bp->b_flags & B_DELWRI) {
			list_remove(&bp->b_free);
			bp->b_flags |= B_BUSY;
			bawrite(bp);
		}
	}
	for (bp = buf; wait && bp < &buf[NBUF]; bp++)
		while (bp->b_flags & B_BUSY && bp->b_vp != NULL &&
		    (vp == NULL || bp->b_vp == vp)) {
			bp->b_flags |= B_WANTED;
			tsleep(bp, "bufsync", 0);
		}
	splx(s);
}

/* Forgets all buffers of a file that is no more. */
void
vinvalbuf(struct vnode *vp)
{
	struct buf *bp;
	int s = splbio();

	for (bp = buf; bp < &buf[NBUF]; bp++) {
		while (bp->b_vp == vp && bp->b_flags & B_BUSY) {
			bp->b_flags |= B_WANTED;
			tsleep(bp, "vinvalbuf", 0);
		}
		if (bp->b_vp != vp)
			continue;
		list_remove(&bp->b_free);
		bp->b_flags = B_BUSY | B_INVAL;
		brelse(bp);
	}
	splx(s);
}

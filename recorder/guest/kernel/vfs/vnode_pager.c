/* Pages of files, in and out. */
#include "buf.h"
#include "intr.h"
#include "proc.h"
#include "vnode.h"

/*
 * Gets one page. Only that page is read, not its whole block: the other page
 * of the block may be resident, and mapped, while the transfer completes.
 * Returns when it was valid; the caller looks again.
 */
int
vnode_pager_getpage(vm_object_t object, uint32_t pindex)
{
	struct vnode *vp = object->handle;
	uint32_t lblkno = pindex / BLOCK_PAGES, page = pindex % BLOCK_PAGES;
	struct buf *bp;
	vm_page_t m;
	int s, error;

	if (ptob(pindex) >= vp->v_inode.di_size)
		return EFAULT;
	bp = getblk(vp, lblkno);
	m = bp->b_pages[page];
	if (m->valid) {
		bp->b_flags |= B_RELBUF;
		brelse(bp);
		return 0;
	}
	s = splhigh();
	vm_page_wire(m);		/* ours until we have seen the result */
	buf_start(bp, B_READ | B_ASYNC, page, 1);
	while (m->busy) {
		m->flags |= PG_WANTED;
		tsleep(m, "vnread", 0);
	}
	vm_page_unwire(m);
	error = m->valid ? 0 : EIO;
	if (m->valid)
		vm_page_activate(m);
	else if (m->wire_count == 0)
		vm_page_free(m);
	splx(s);
	/* A sequential reader will want the next block. */
	if (vp->v_lastread + 1 == lblkno &&
	    (lblkno + 1) * BLOCK_SIZE < vp->v_inode.di_size)
		breada(vp, lblkno + 1);
	vp->v_lastread = lblkno;
	return error;
}

/* Writes a dirty page back, with its block if the other page is resident. */
void
vnode_pager_putpage(vm_page_t m, boolean_t sync)
{
	struct vnode *vp = m->object->handle;
	struct buf *bp = getblk_resident(vp, m->pindex / BLOCK_PAGES);

	/* Pages beyond the end of the file have nowhere to go. */
	if (bp->b_lblkno * BLOCK_SIZE >= vp->v_inode.di_size) {
		bp->b_flags |= B_INVAL;
		brelse(bp);
	} else if (sync)
		bwrite(bp);
	else
		bawrite(bp);
}

/* The table of vnodes in use, and writing everything back. */
#include "buf.h"
#include "intr.h"
#include "proc.h"
#include "vnode.h"

#define NVNODE		64
#define UPDATE_TICKS	(HZ / 4)

static struct vnode vnode[NVNODE];
struct vnode *devvp = &vnode[0];

void
vnode_init(void)
{
	devvp->v_usecount = 1;
	devvp->v_object = vm_object_allocate(devvp);
}

void
vlock(struct vnode *vp)
{
	while (vp->v_locked) {
		vp->v_wanted = 1;
		tsleep(vp, "vlock", 0);
	}
	vp->v_locked = 1;
}

void
vunlock(struct vnode *vp)
{
	vp->v_locked = 0;
	if (vp->v_wanted) {
		vp->v_wanted = 0;
		wakeup(vp);
	}
}

void
vref(struct vnode *vp)
{
	vp->v_usecount++;
}

/* An unused vnode: one that never was, else one whose file is idle. */
static struct vnode *
vnode_alloc(void)
{
	static int rotor = 1;
	struct vnode *vp;
	int i;

	for (vp = vnode + 1; vp < &vnode[NVNODE]; vp++)
		if (vp->v_usecount == 0 && vp->v_ino == 0)
			return vp;
	for (i = 0; i < NVNODE; i++) {
		vp = &vnode[rotor];
		rotor = rotor % (NVNODE - 1) + 1;
		if (vp->v_usecount == 0)
			return vp;
	}
	panic("out of vnodes");
}

/* The vnode of inode `ino', with a reference. */
struct vnode *
vget(uint32_t ino)
{
	struct vnode *vp;

	for (vp = vnode + 1; vp < &vnode[NVNODE]; vp++)
		if (vp->v_ino == ino) {
			vref(vp);
			vlock(vp);	/* until it is loaded */
			vunlock(vp);
			return vp;
		}
	vp = vnode_alloc();
	if (vp->v_ino != 0) {
		/* Take its old file away. */
		vref(vp);
		vlock(vp);
		vm_object_page_clean(vp->v_object, 1);
		bufsync(vp, 1);
		vinvalbuf(vp);
		vm_object_page_remove(vp->v_object);
		if (vp->v_dirty)
			r3fs_store(vp);
		vp->v_ino = 0;
		vunlock(vp);
		vp->v_usecount--;
		return vget(ino);
	}
	vp->v_ino = ino;
	vp->v_lastread = ~0u - 1;
	vref(vp);
	if (vp->v_object == NULL)
		vp->v_object = vm_object_allocate(vp);
	vlock(vp);
	r3fs_load(vp);
	vunlock(vp);
	return vp;
}

/* Gives a reference up. With the last one and the last name the file goes. */
void
vput(struct vnode *vp)
{
	if (vp->v_usecount == 1 && vp->v_ino != 0 && vp->v_inode.di_nlink == 0) {
		vlock(vp);
		vinvalbuf(vp);
		vm_object_page_remove(vp->v_object);
		r3fs_truncate(vp);
		vp->v_inode.di_mode = MODE_FREE;
		r3fs_store(vp);
		vp->v_ino = 0;
		vunlock(vp);
	}
	vp->v_usecount--;
}

/* Starts writing back everything that differs from the disk. */
static void
write_back(boolean_t wait)
{
	struct vnode *vp;

	for (vp = vnode + 1; vp < &vnode[NVNODE]; vp++) {
		if (vp->v_ino == 0 || vp->v_locked || vp->v_inode.di_nlink == 0)
			continue;
		vref(vp);
		vm_object_page_clean(vp->v_object, wait);
		if (vp->v_dirty)
			r3fs_store(vp);
		vput(vp);
	}
	bufsync(NULL, wait);
}

void
vfs_sync(void)
{
	write_back(0);
	write_back(1);
	write_back(1);
}

void
vfs_update(void)
{
	for (;;) {
		tsleep(&devvp, "update", UPDATE_TICKS);
		write_back(0);
	}
}

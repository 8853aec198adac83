/* Open files and their system calls. */
#include "buf.h"
#include "cpu.h"
#include "proc.h"
#include "vnode.h"

struct file *
console_file(void)
{
	struct file *f = malloc(sizeof *f);

	*f = (struct file){ .f_count = 1, .f_flags = O_RDWR };
	return f;
}

static struct file *
getf(int fd)
{
	return (unsigned)fd < NOFILE ? curproc->p_fd[fd] : NULL;
}

/* fork: the same open files, offsets and all. */
void
fd_copy(struct proc *from, struct proc *to)
{
	int fd;

	for (fd = 0; fd < NOFILE; fd++)
		if ((to->p_fd[fd] = from->p_fd[fd]) != NULL)
			to->p_fd[fd]->f_count++;
}

static void
closef(struct file *f)
{
	if (--f->f_count > 0)
		return;
	if (f->f_vnode != NULL)
		vput(f->f_vnode);
	free(f);
}

void
fd_close_all(struct proc *p)
{
	int fd;

	for (fd = 0; fd < NOFILE; fd++)
		if (p->p_fd[fd] != NULL) {
			closef(p->p_fd[fd]);
			p->p_fd[fd] = NULL;
		}
}

int
file_vnode(int fd, struct vnode **vpp, int *flags)
{
	struct file *f = getf(fd);

	if (f == NULL || f->f_vnode == NULL)
		return EBADF;
	*vpp = f->f_vnode;
	*flags = f->f_flags;
	return 0;
}

static void
truncate(struct vnode *vp)
{
	vlock(vp);
	vinvalbuf(vp);
	vm_object_page_remove(vp->v_object);
	r3fs_truncate(vp);
	vunlock(vp);
}

int
sys_open(const char *path, int flags, int *result)
{
	struct vnode *vp;
	struct file *f;
	int fd, error;

	for (fd = 0; fd < NOFILE && curproc->p_fd[fd] != NULL; fd++)
		;
	if (fd == NOFILE)
		return EMFILE;
	error = flags & O_CREAT ? r3fs_create(path, &vp) : r3fs_lookup(path, &vp);
	if (error != 0)
		return error;
	if (vp->v_inode.di_mode == MODE_DIR && flags & O_ACCMODE) {
		vput(vp);
		return EISDIR;
	}
	if (flags & O_TRUNC && vp->v_inode.di_size > 0)
		truncate(vp);
	f = malloc(sizeof *f);
	*f = (struct file){ .f_count = 1, .f_flags = flags, .f_vnode = vp };
	curproc->p_fd[fd] = f;
	*result = fd;
	return 0;
}

int
sys_close(int fd)
{
	struct file *f = getf(fd);

	if (f == NULL)
		return EBADF;
	curproc->p_fd[fd] = NULL;
	closef(f);
	return 0;
}

int
sys_read(int fd, char *to, size_t len, int *result)
{
	struct file *f = getf(fd);
	size_t done;
	int error;

	if (f == NULL || f->f_vnode == NULL || (f->f_flags & O_ACCMODE) == O_WRONLY)
		return EBADF;
	error = vn_read(f->f_vnode, f->f_offset, to, len, &done, 1);
	f->f_offset += done;
	*result = done;
	return error;
}

static int
console_write(const char *from, size_t len, int *result)
{
	char chunk[128];
	size_t size, i;
	int error;

	for (*result = 0; len > 0; from += size, len -= size, *result += size) {
		size = min(len, sizeof chunk);
		if ((error = copyin(from, chunk, size)) != 0)
			return error;
		for (i = 0; i < size; i++)
			cnputc(chunk[i]);
	}
	return 0;
}

int
sys_write(int fd, const char *from, size_t len, int *result)
{
	struct file *f = getf(fd);
	size_t done;
	int error;

	if (f == NULL || (f->f_flags & O_ACCMODE) == 0)
		return EBADF;
	if (f->f_vnode == NULL)
		return console_write(from, len, result);
	error = vn_write(f->f_vnode, f->f_offset, from, len, &done);
	f->f_offset += done;
	*result = done;
	return error;
}

int
sys_lseek(int fd, int offset, int whence, int *result)
{
	struct file *f = getf(fd);
	int at = offset;

	if (f == NULL || f->f_vnode == NULL)
		return EBADF;
	if (whence == 1)
		at += f->f_offset;
	else if (whence == 2)
		at += f->f_vnode->v_inode.di_size;
	if (at < 0 || whence < 0 || whence > 2)
		return EINVAL;
	*result = f->f_offset = at;
	return 0;
}

int
sys_unlink(const char *path)
{
	return r3fs_unlink(path);
}

int
sys_fsync(int fd)
{
	struct vnode *vp;
	int flags, error = file_vnode(fd, &vp, &flags);

	if (error != 0)
		return error;
	vm_object_page_clean(vp->v_object, 1);
	bufsync(vp, 1);
	if (vp->v_dirty)
		r3fs_store(vp);
	return 0;
}

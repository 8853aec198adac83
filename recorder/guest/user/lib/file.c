/*
 * The two ways of fetching a file. A mapped fetch touches every other page
 * first, in a seeded order: a file system block holds two pages, so the block
 * read for one of them completes while its neighbour is already mapped here
 * or elsewhere. That is the load which brings interrupts to mapped pages.
 */
#include "file.h"

#define CHUNK	FSBLOCK

static uint32_t chunk[CHUNK / 4];

/*
 * A file that should be there and is not counts as corrupt: something has
 * overwritten a directory or an inode.
 */
int
open_or_complain(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd == -1)
		printf("CORRUPT pid=%d open %s: errno %d\n", getpid(), path,
		    errno);
	return fd;
}

int
open_pub(int id)
{
	char path[16];

	snprintf(path, sizeof path, "/pub/f%02d.dat", id);
	return open_or_complain(path, O_RDONLY);
}

int
file_size(int fd)
{
	int size = lseek(fd, 0, SEEK_END);

	lseek(fd, 0, SEEK_SET);
	return size;
}

struct mapping
map_file(int fd, int prot)
{
	struct mapping m = { NULL, 0 };
	int len = file_size(fd);
	void *p;

	if (len <= 0)
		return m;
	p = mmap(NULL, len, prot, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		printf("mmap: pid=%d len=%d errno %d\n", getpid(), len, errno);
		return m;
	}
	m.addr = p;
	m.len = len;
	return m;
}

static int
touch_alternate_pages(struct mapping m, int id, uint32_t gen, struct prng *r)
{
	uint32_t n = m.len / PAGE / 2, i, offset;
	int bad = 0;

	for (i = 0; i < n; i++) {
		offset = prng_below(r, n) * 2 * PAGE;
		bad |= pattern_check(id, gen, offset, m.addr + offset, 64);
	}
	return bad;
}

/* Both return the number of wrong places found, at most one per fetch. */

int
get_mapped(int fd, int id, uint32_t gen, struct prng *r)
{
	struct mapping m = map_file(fd, PROT_READ);
	int bad;

	if (m.addr == NULL)
		return 1;
	bad = touch_alternate_pages(m, id, gen, r);
	if (!bad)
		bad = pattern_check(id, gen, 0, m.addr, m.len);
	munmap(m.addr, m.len);
	return bad;
}

int
get_read(int fd, int id, uint32_t gen)
{
	uint32_t offset = 0, size = file_size(fd);
	int n;

	while ((n = read(fd, chunk, CHUNK)) > 0) {
		if (pattern_check(id, gen, offset, chunk, n))
			return 1;
		offset += n;
	}
	if (n == -1 || offset != size) {
		printf("CORRUPT pid=%d file=%d offset=%u want=%u got=%u bytes\n",
		    getpid(), id, offset, size, offset);
		return 1;
	}
	return 0;
}

/* Writes a whole file in block-sized pieces; 0 when all of it went in. */
int
put_file(int fd, int id, uint32_t gen, uint32_t len)
{
	uint32_t offset, n;

	for (offset = 0; offset < len; offset += n) {
		n = len - offset < CHUNK ? len - offset : CHUNK;
		pattern_fill(id, gen, offset, chunk, n);
		if (write(fd, chunk, n) != (int)n) {
			printf("write: pid=%d file=%d offset=%u errno %d\n",
			    getpid(), id, offset, errno);
			return 1;
		}
	}
	return 0;
}

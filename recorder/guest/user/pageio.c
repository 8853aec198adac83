/*
 * pageio: memory pressure through written mappings. Each worker owns a file;
 * round after round it maps it, writes some pages with a new generation, starts
 * the writing of some with msync, unmaps, and reads the whole back through
 * read(). Files of /pub fetched in between push the pages out.
 *
 *	pageio [seed [scale]]		scale multiplies the rounds, in percent
 */
#include "file.h"
#include "proc.h"

#define WORKERS		3
#define ROUNDS		16
#define PAGES		48		/* of each worker's file */
#define WRITES		32		/* pages written in a round */

struct worker {
	int	id;			/* 1..WORKERS */
	int	fd;
	struct prng rng;
	uint8_t	gen[PAGES];		/* generation each page should hold */
	struct verdict v;
};

static uint32_t page[PAGE / 4];

static void
sync_some(struct worker *w, uint8_t *base, uint32_t at)
{
	uint32_t first = at & ~3u;

	switch (prng_below(&w->rng, 8)) {
	case 0:
		msync(base + first * PAGE, 4 * PAGE, MS_SYNC);
		break;
	case 1:
	case 2:
		msync(base + first * PAGE, 4 * PAGE, MS_ASYNC);
		break;
	}
}

/* One page: check what it holds, write the next generation, check again. */
static void
rewrite_page(struct worker *w, uint8_t *base, uint32_t n)
{
	uint32_t id = ID_PAGEIO + w->id, at = n * PAGE;

	w->v.corrupt += pattern_check(id, w->gen[n], at, base + at, PAGE);
	w->gen[n]++;
	pattern_fill(id, w->gen[n], at, base + at, PAGE);
	w->v.corrupt += pattern_check(id, w->gen[n], at, base + at, PAGE);
}

static void
write_mapped(struct worker *w)
{
	struct mapping m = map_file(w->fd, PROT_READ | PROT_WRITE);
	uint32_t i, n;

	if (m.addr == NULL || m.len != PAGES * PAGE) {
		w->v.corrupt++;
		return;
	}
	for (i = 0; i < WRITES; i++) {
		n = prng_below(&w->rng, PAGES);
		rewrite_page(w, m.addr, n);
		sync_some(w, m.addr, n);
	}
	/* Half the rounds leave the dirty pages to the kernel's own pace. */
	if (prng_below(&w->rng, 2))
		msync(m.addr, m.len, MS_SYNC);
	munmap(m.addr, m.len);
}

static void
read_back(struct worker *w)
{
	uint32_t n;
	int got;

	lseek(w->fd, 0, SEEK_SET);
	for (n = 0; n < PAGES; n++) {
		got = read(w->fd, page, PAGE);
		if (got != (int)PAGE) {
			printf("CORRUPT pid=%d file=%d offset=%u read %d\n",
			    getpid(), ID_PAGEIO + w->id, n * PAGE, got);
			w->v.corrupt++;
			return;
		}
		w->v.corrupt += pattern_check(ID_PAGEIO + w->id, w->gen[n],
		    n * PAGE, page, PAGE);
	}
}

static void
press(struct worker *w)
{
	int id = 1 + prng_below(&w->rng, PUB_FILES), fd = open_pub(id);

	if (fd == -1) {
		w->v.corrupt++;
		return;
	}
	w->v.corrupt += get_mapped(fd, id, 0, &w->rng);
	close(fd);
}

static void
worker(struct worker *w, int rounds)
{
	char path[16];
	int i;

	snprintf(path, sizeof path, "/var/page.%d", w->id);
	w->fd = open_or_complain(path, O_RDWR | O_CREAT | O_TRUNC);
	if (w->fd == -1 || put_file(w->fd, ID_PAGEIO + w->id, 0, PAGES * PAGE)) {
		w->v.corrupt++;
		finish(&w->v);
	}
	for (i = 0; i < rounds; i++) {
		write_mapped(w);
		press(w);
		read_back(w);
	}
	fsync(w->fd);
	finish(&w->v);
}

int
main(int argc, char **argv)
{
	struct worker w = { 0 };
	uint32_t seed = argc > 1 ? atoi(argv[1]) : 1;
	int rounds = argc > 2 ? ROUNDS * atoi(argv[2]) / 100 : ROUNDS;

	for (w.id = 1; w.id <= WORKERS; w.id++) {
		prng_init(&w.rng, seed, w.id);
		if (fork_retry(&w.v) == 0)
			worker(&w, rounds);
	}
	while (reap(&w.v) != -1)
		;
	return summary("pageio", WORKERS * rounds, "rounds", &w.v);
}

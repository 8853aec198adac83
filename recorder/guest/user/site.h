/*
 * The requests of an archive site, for the programs that bring them: ftpd one
 * after the other, archive as they arrive.
 */
#ifndef SITE_H
#define SITE_H

#include "file.h"
#include "proc.h"

enum request { GET_MAPPED, GET_READ, PUT };

struct server {
	int	id;			/* 1..SERVERS */
	int	log;
	int	requests;
	struct prng rng;
	struct mapping hot;		/* /pub/f01.dat, mapped for life */
	struct mapping score;		/* /var/score, shared by all servers */
	struct verdict v;
};

static enum request
choose_request(struct server *s)
{
	uint32_t n = prng_below(&s->rng, 100);

	return n < 50 ? GET_MAPPED : n < 80 ? GET_READ : PUT;
}

/* Half of all requests want one of the few hot files. */
static int
choose_file(struct server *s)
{
	int limit = prng_below(&s->rng, 2) ? PUB_HOT : PUB_FILES;

	return 1 + prng_below(&s->rng, limit);
}

/*
 * Uploads under a name of its own, reads it back through a mapping and
 * removes it, while its delayed writes may still be on their way.
 */
static int
upload(struct server *s, int number)
{
	char path[28];
	uint32_t len = (2 + prng_below(&s->rng, 10)) * FSBLOCK;
	int id = ID_UPLOAD + s->id, fd, bad;

	snprintf(path, sizeof path, "/incoming/u%d.%d", s->id, number);
	fd = open_or_complain(path, O_RDWR | O_CREAT | O_TRUNC);
	if (fd == -1)
		return 1;
	bad = put_file(fd, id, number, len);
	if (number % 4 == 0)
		fsync(fd);
	if (!bad)
		bad = get_mapped(fd, id, number, &s->rng);
	close(fd);
	if (unlink(path) == -1) {
		printf("CORRUPT pid=%d unlink %s: errno %d\n", getpid(), path,
		    errno);
		bad = 1;
	}
	return bad;
}

#endif

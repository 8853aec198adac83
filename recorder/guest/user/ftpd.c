/*
 * ftpd: a busy archive site, after wcarchive. A master forks SERVERS servers.
 * Each keeps the most wanted file mapped and a slot in a shared scoreboard,
 * and forks a child per request, two at a time. A child fetches a file from
 * /pub by mmap or by read, or uploads one, checks every word of it and exits.
 *
 *	ftpd [seed [scale]]		scale multiplies the requests, in percent
 *
 * What this asks of the kernel: fork while the pages of the parent are mapped
 * in many other processes, and while reads, read-ahead and delayed writes of
 * those same pages are completing.
 */
#include "site.h"

#define SERVERS		4
#define REQUESTS	60		/* per server */
#define OUTSTANDING	2		/* children per server at one time */
#define LOGRECORD	64
#define CANARY		256		/* words of stack checked after fork */

static int
serve(struct server *s, enum request what, int file, int number)
{
	int fd, bad;

	if (what == PUT)
		return upload(s, number);
	fd = open_pub(file);
	if (fd == -1)
		return 1;
	bad = what == GET_MAPPED ? get_mapped(fd, file, 0, &s->rng) :
	    get_read(fd, file, 0);
	close(fd);
	return bad;
}

/*
 * Forks the child of one request and returns its pid. The canary was put on the stack before fork and both
 * sides check their copy: a kernel that aliases two stacks shows here.
 */
static int
request(struct server *s, int number)
{
	uint32_t canary[CANARY];
	enum request what = choose_request(s);
	int file = choose_file(s), pid;
	struct verdict mine = { 0, 0, 0 };

	pattern_fill(ID_PRIVATE + s->id, number, 0, canary, sizeof canary);
	pid = fork_retry(&s->v);
	if (pid == 0) {
		mine.corrupt += serve(s, what, file, number);
		mine.corrupt += pattern_check(ID_PRIVATE + s->id, number, 0,
		    canary, sizeof canary);
		finish(&mine);
	}
	s->v.corrupt += pattern_check(ID_PRIVATE + s->id, number, 0, canary,
	    sizeof canary);
	return pid;
}

static void
log_record(struct server *s, int number)
{
	uint32_t record[LOGRECORD / 4];

	pattern_fill(ID_UPLOAD + s->id, 0, number * LOGRECORD, record,
	    sizeof record);
	if (write(s->log, record, sizeof record) != sizeof record)
		printf("write: pid=%d log: errno %d\n", getpid(), errno);
}

/* The slot is one word per server; msync starts a write of a mapped page. */
static void
score(struct server *s, int number)
{
	volatile uint32_t *slot = (uint32_t *)s->score.addr + s->id;

	*slot = pattern_word(ID_UPLOAD + s->id, 0, (number + 1) * 4);
	if (number % 8 == 7)
		msync(s->score.addr, PAGE, MS_ASYNC);
}

static void
check_hot_page(struct server *s)
{
	uint32_t page = prng_below(&s->rng, s->hot.len / PAGE);

	s->v.corrupt += pattern_check(1, 0, page * PAGE,
	    s->hot.addr + page * PAGE, PAGE);
}

static void
check_books(struct server *s)
{
	uint32_t *slot = (uint32_t *)s->score.addr + s->id;
	int got = lseek(s->log, 0, SEEK_END);

	s->v.corrupt += pattern_check(ID_UPLOAD + s->id, 0, s->requests * 4,
	    slot, 4);
	lseek(s->log, 0, SEEK_SET);
	s->v.corrupt += get_read(s->log, ID_UPLOAD + s->id, 0);
	if (got != s->requests * LOGRECORD) {
		printf("CORRUPT pid=%d log %d: %d bytes, not %d\n", getpid(),
		    s->id, got, s->requests * LOGRECORD);
		s->v.corrupt++;
	}
}

static void
server(struct server *s)
{
	char path[16];
	int n, running = 0;

	snprintf(path, sizeof path, "/var/log.%d", s->id);
	s->log = open_or_complain(path, O_RDWR | O_CREAT | O_TRUNC);
	if (s->log == -1) {
		s->v.corrupt++;
		finish(&s->v);
	}
	for (n = 0; n < s->requests; n++) {
		if (running == OUTSTANDING && reap(&s->v) != -1)
			running--;
		if (request(s, n) != -1)
			running++;
		log_record(s, n);
		score(s, n);
		check_hot_page(s);
	}
	while (reap(&s->v) != -1)
		;
	check_books(s);
	finish(&s->v);
}

/* What the servers share is mapped by the master and inherited through fork. */
static int
set_up(struct server *s)
{
	int hot = open_pub(1), board = open_or_complain("/var/score", O_RDWR);

	if (hot == -1 || board == -1)
		return -1;
	s->hot = map_file(hot, PROT_READ);
	s->score = map_file(board, PROT_READ | PROT_WRITE);
	close(hot);
	close(board);
	return s->hot.addr == NULL || s->score.addr == NULL ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct server s = { .requests = REQUESTS };
	uint32_t seed = argc > 1 ? atoi(argv[1]) : 1;

	if (argc > 2)
		s.requests = REQUESTS * atoi(argv[2]) / 100;
	if (set_up(&s) == -1)
		return 1;
	for (s.id = 1; s.id <= SERVERS; s.id++) {
		prng_init(&s.rng, seed, s.id);
		if (fork_retry(&s.v) == 0)
			server(&s);
	}
	while (reap(&s.v) != -1)
		;
	return summary("ftpd", SERVERS * s.requests, "requests", &s.v);
}

/*
 * archive: an archive site under an open load. Sessions arrive by themselves,
 * whether or not those before them are through: a clock of its own counts them
 * in, and servers take them in order, each one at a time. A session is a child
 * of its server that makes one to three requests, with time to think between.
 * Of what is fetched only the beginning of each piece is looked at, so that the
 * kernel has most of the work. It ends by itself if SESSIONS are given.
 *
 *	archive [seed [RATE[:SERVERS[:THINK[:SESSIONS]]]]]
 *
 * RATE is of sessions in 100 seconds, THINK in ticks. Times between arrivals are
 * geometric, in ticks: as nearly a Poisson process as the clock allows.
 */
#include "site.h"

#define RATE		500
#define MAX_RATE	10000		/* one a tick */
#define SERVERS		6
#define MAX_SERVERS	12
#define THINK		5		/* ticks */
#define MAX_REQUESTS	3		/* of a session */
#define LONGEST_NAP	800		/* ticks; the kernel's watch wants to see a program run */
#define POLL		2		/* ticks between looks at an empty queue */
#define LOG_RECORD	64
#define LOOK		64		/* bytes of each piece */

/* In a page that all processes share. */
struct queue {
	volatile uint32_t lock, arrived, taken;
};

struct site {
	struct server s;
	struct queue *queue;
	int	rate, servers, think, sessions;
};

/* A number, and where the text goes on after the colon. */
static int
next_number(char **text, int otherwise)
{
	char *s = *text;
	int n;

	if (s == NULL || *s == '\0')
		return otherwise;
	n = atoi(s);
	while (*s != '\0' && *s != ':')
		s++;
	*text = *s == ':' ? s + 1 : s;
	return n;
}

static uint32_t
exchange(volatile uint32_t *where, uint32_t value)
{
	__asm volatile("xchgl %0, %1" : "+r" (value), "+m" (*where) : : "memory");
	return value;
}

/* --- Arrivals --------------------------------------------------------------- */

/* More than a tick in user mode. */
static void
be_seen(void)
{
	volatile int i;

	for (i = 0; i < 30000; i++)
		;
}

static void
nap(int ticks)
{
	for (; ticks > LONGEST_NAP; ticks -= LONGEST_NAP) {
		sleep(LONGEST_NAP);
		be_seen();
	}
	sleep(ticks);
}

static void
arrivals(struct site *t)
{
	int n, gap;

	for (n = 0; t->sessions == 0 || n < t->sessions; n++) {
		gap = 0;
		do
			gap++;
		while (prng_below(&t->s.rng, MAX_RATE) >= (uint32_t)t->rate);
		nap(gap);
		t->queue->arrived++;
	}
	exit(0);
}

/* The number of the next session; -1 when all have been taken. */
static int
take(struct site *t)
{
	int number = -1;

	for (;;) {
		while (exchange(&t->queue->lock, 1))
			sleep(1);
		if (t->queue->taken < t->queue->arrived)
			number = t->queue->taken++;
		t->queue->lock = 0;
		if (number != -1 || (t->sessions != 0 && t->queue->taken >= (uint32_t)t->sessions))
			return number;
		sleep(POLL);
	}
}

/* --- Sessions --------------------------------------------------------------- */

static uint32_t piece[FSBLOCK / 4];

/* As many pages as the file has, at random: the other page of a block may be mapped while one is read. */
static int
fetch_mapped(struct site *t, int fd, int file)
{
	struct mapping m = map_file(fd, PROT_READ);
	uint32_t i, offset, pages = m.len / PAGE;
	int bad = 0;

	if (m.addr == NULL)
		return 1;
	for (i = 0; i < pages; i++) {
		offset = prng_below(&t->s.rng, pages) * PAGE;
		bad |= pattern_check(file, 0, offset, m.addr + offset, LOOK);
	}
	munmap(m.addr, m.len);
	return bad;
}

static int
fetch_read(int fd, int file)
{
	uint32_t offset = 0;
	int n, bad = 0;

	for (; (n = read(fd, piece, FSBLOCK)) > 0; offset += n)
		bad |= pattern_check(file, 0, offset, piece, n < LOOK ? n : LOOK);
	return bad;
}

static int
answer(struct site *t, int number)
{
	enum request what = choose_request(&t->s);
	int file = choose_file(&t->s), fd, bad;

	if (what == PUT)
		return upload(&t->s, number);
	fd = open_pub(file);
	if (fd == -1)
		return 1;
	bad = what == GET_MAPPED ? fetch_mapped(t, fd, file) : fetch_read(fd, file);
	close(fd);
	return bad;
}

static int
session(struct site *t, int number)
{
	int n, left = 1 + prng_below(&t->s.rng, MAX_REQUESTS), bad = 0;

	for (n = 0; n < left; n++) {
		if (n > 0 && t->think > 0)
			sleep(t->think);
		bad += answer(t, number * MAX_REQUESTS + n);
	}
	return bad;
}

/* Each server has a word of the scoreboard, which is written back now and then. */
static void
write_books(struct site *t, int number)
{
	volatile uint32_t *slot = (uint32_t *)t->s.score.addr + t->s.id;
	uint32_t record[LOG_RECORD / 4];

	pattern_fill(ID_UPLOAD + t->s.id, 0, 0, record, sizeof record);
	if (write(t->s.log, record, sizeof record) != sizeof record)
		printf("write: pid=%d log: errno %d\n", getpid(), errno);
	*slot = number;
	if (number % 8 == 7)
		msync(t->s.score.addr, PAGE, MS_ASYNC);
}

static void
look_at_hot_page(struct site *t)
{
	uint32_t page = prng_below(&t->s.rng, t->s.hot.len / PAGE);

	t->s.v.corrupt += pattern_check(1, 0, page * PAGE, t->s.hot.addr + page * PAGE, PAGE);
}

static void
server(struct site *t)
{
	struct verdict mine = { 0, 0, 0 };
	char path[16];
	int number, pid;

	snprintf(path, sizeof path, "/var/log.%d", t->s.id);
	t->s.log = open_or_complain(path, O_RDWR | O_CREAT | O_TRUNC);
	while ((number = take(t)) != -1) {
		prng_init(&t->s.rng, t->s.rng.state, number);
		pid = fork_retry(&t->s.v);
		if (pid == 0) {
			mine.corrupt += session(t, number);
			finish(&mine);
		}
		write_books(t, number);
		look_at_hot_page(t);
		if (pid != -1)
			reap(&t->s.v);
	}
	finish(&t->s.v);
}

/* --- The site --------------------------------------------------------------- */

/* A page that the servers share: of a file, as there is no other kind. */
static struct queue *
open_queue(void)
{
	int fd = open_or_complain("/var/queue", O_RDWR | O_CREAT | O_TRUNC);
	struct mapping m = { NULL, 0 };

	if (fd == -1 || put_file(fd, ID_UPLOAD, 0, FSBLOCK))
		return NULL;
	fsync(fd);
	m = map_file(fd, PROT_READ | PROT_WRITE);
	close(fd);
	if (m.addr != NULL)
		memset(m.addr, 0, sizeof(struct queue));
	return (struct queue *)m.addr;
}

static int
set_up(struct site *t)
{
	int hot = open_pub(1), board = open_or_complain("/var/score", O_RDWR);

	if (hot == -1 || board == -1)
		return -1;
	t->s.hot = map_file(hot, PROT_READ);
	t->s.score = map_file(board, PROT_READ | PROT_WRITE);
	close(hot);
	close(board);
	t->queue = open_queue();
	return t->s.hot.addr == NULL || t->s.score.addr == NULL || t->queue == NULL ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct site t = { .rate = 0 };
	uint32_t seed = argc > 1 ? atoi(argv[1]) : 1;
	char *load = argc > 2 ? argv[2] : NULL;

	t.rate = next_number(&load, RATE);
	t.servers = next_number(&load, SERVERS);
	t.think = next_number(&load, THINK);
	t.sessions = next_number(&load, 0);
	if (t.rate < 1 || t.rate > MAX_RATE || t.servers < 1 || t.servers > MAX_SERVERS) {
		printf("archive: RATE is 1 to %d, SERVERS 1 to %d\n", MAX_RATE, MAX_SERVERS);
		return 1;
	}
	if (set_up(&t) == -1)
		return 1;
	for (t.s.id = 0; t.s.id <= t.servers; t.s.id++) {
		prng_init(&t.s.rng, seed, t.s.id);
		if (fork_retry(&t.s.v) != 0)
			continue;
		if (t.s.id == 0)
			arrivals(&t);
		server(&t);
	}
	while (reap(&t.s.v) != -1)
		;
	return summary("archive", t.sessions, "sessions", &t.s.v);
}

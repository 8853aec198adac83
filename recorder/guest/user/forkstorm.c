/*
 * forkstorm: binary trees of processes, TREES at a time, ROUNDS times over,
 * with a reader in the background that keeps disk reads completing meanwhile.
 *
 *	forkstorm [seed [scale]]	scale multiplies the rounds, in percent
 *
 * Every process holds a pattern of its own in data, heap and stack. A child
 * finds its parent's there, writes its own, forks its children and checks that
 * no one else's writes came through: copy on write and the stacks, under load.
 */
#include "file.h"
#include "proc.h"

#define TREES		2
#define DEPTH		4		/* 2^DEPTH - 1 processes a tree */
#define FANOUT		2
#define ROUNDS		8
#define DATA_WORDS	(2 * PAGE / 4)
#define HEAP_BYTES	(2 * PAGE)
#define STACK_WORDS	(PAGE / 2 / 4)

/* In .data, not .bss: copied on write from pages which came from a file. */
static uint32_t data[DATA_WORDS] = { 1 };
static uint8_t *heap;

struct node {
	int	path;			/* root 1, children 2p and 2p+1 */
	int	depth;			/* root 1 */
	uint32_t *stack;		/* STACK_WORDS, in the frame of grow */
	int	file;			/* a hot file of /pub ... */
	struct mapping shared;		/* ... mapped by the root, inherited */
	struct prng rng;
	struct verdict v;
};

/* A node's mark is its place in the tree: id per tree level, gen by path. */
static void
mark(struct node *n)
{
	uint32_t id = ID_PRIVATE + n->depth, at = n->path * 0x10000u;

	pattern_fill(id, 1, at, data, sizeof data);
	pattern_fill(id, 2, at, heap, HEAP_BYTES);
	pattern_fill(id, 3, at, n->stack, STACK_WORDS * 4);
}

static void
check_mark(struct node *n)
{
	uint32_t id = ID_PRIVATE + n->depth, at = n->path * 0x10000u;

	n->v.corrupt += pattern_check(id, 1, at, data, sizeof data);
	n->v.corrupt += pattern_check(id, 2, at, heap, HEAP_BYTES);
	n->v.corrupt += pattern_check(id, 3, at, n->stack, STACK_WORDS * 4);
}

static void
check_shared(struct node *n)
{
	uint32_t page = prng_below(&n->rng, n->shared.len / PAGE);

	n->v.corrupt += pattern_check(n->file, 0, page * PAGE,
	    n->shared.addr + page * PAGE, PAGE);
}

static void grow(struct node *parent, int path);

static void
fork_children(struct node *n)
{
	int i, pid;

	for (i = 0; i < FANOUT; i++) {
		pid = fork_retry(&n->v);
		if (pid == 0)
			grow(n, n->path * FANOUT + i);
		check_mark(n);
	}
}

/* The life of a process of the tree; entered in the child right after fork. */
static void
grow(struct node *parent, int path)
{
	uint32_t stack[STACK_WORDS];
	struct node n = *parent;

	n.v = (struct verdict){ 0, 0, 0 };
	check_mark(&n);				/* still the parent's */
	n.path = path;
	n.depth = parent->depth + 1;
	n.stack = stack;
	prng_init(&n.rng, n.rng.state, path);
	mark(&n);
	if (n.shared.addr != NULL)
		check_shared(&n);
	if (n.depth < DEPTH)
		fork_children(&n);
	else
		sleep(1 + prng_below(&n.rng, 3));
	while (reap(&n.v) != -1)
		check_mark(&n);
	check_mark(&n);
	/* The parent's frame was copied with the rest and no one wrote to it. */
	n.v.corrupt += pattern_check(ID_PRIVATE + parent->depth, 3,
	    parent->path * 0x10000u, parent->stack, STACK_WORDS * 4);
	finish(&n.v);
}

/* A root is a process like the others, so it gets a parent's state to copy. */
static void
plant(struct prng *rng)
{
	uint32_t stack[STACK_WORDS];
	struct node seedling = { .stack = stack, .rng = *rng };
	int fd;

	seedling.file = 1 + prng_below(rng, PUB_HOT);
	fd = open_pub(seedling.file);
	if (fd != -1)
		seedling.shared = map_file(fd, PROT_READ);
	mark(&seedling);
	grow(&seedling, 1);
}

/*
 * Reads its way through /pub for as long as the trees take; a log of what it
 * read gives the disk writes to complete as well.
 */
static void
background_reader(uint32_t seed, int files)
{
	struct verdict v = { 0, 0, 0 };
	struct prng rng;
	uint32_t record[FSBLOCK / 4];
	int i, id, fd, log;

	prng_init(&rng, seed, 99);
	log = open_or_complain("/var/reader", O_RDWR | O_CREAT | O_TRUNC);
	for (i = 0; i < files && log != -1; i++) {
		id = 1 + prng_below(&rng, PUB_FILES);
		fd = open_pub(id);
		if (fd == -1) {
			v.corrupt++;
			break;
		}
		v.corrupt += get_read(fd, id, 0);
		close(fd);
		pattern_fill(ID_UPLOAD, 0, (i % 16) * sizeof record, record,
		    sizeof record);
		if (i % 16 == 0)
			lseek(log, 0, SEEK_SET);
		if (write(log, record, sizeof record) != sizeof record)
			v.corrupt++;
	}
	finish(&v);
}

static void
round_of_trees(struct prng *rng, struct verdict *v)
{
	int tree, planted = 0;

	for (tree = 0; tree < TREES; tree++) {
		(void)prng_next(rng);
		switch (fork_retry(v)) {
		case 0:
			plant(rng);
			break;
		case -1:
			break;
		default:
			planted++;
		}
	}
	/* The reader may end in between; it counts as one of those awaited. */
	while (planted-- > 0 && reap(v) != -1)
		;
}

int
main(int argc, char **argv)
{
	struct verdict v = { 0, 0, 0 };
	struct prng rng;
	uint32_t seed = argc > 1 ? atoi(argv[1]) : 1;
	int rounds = ROUNDS, i;

	if (argc > 2)
		rounds = ROUNDS * atoi(argv[2]) / 100;
	prng_init(&rng, seed, 0);
	heap = sbrk(HEAP_BYTES);
	if (heap == (void *)-1)
		return 1;
	if (fork_retry(&v) == 0)
		background_reader(seed, rounds * 6);
	for (i = 0; i < rounds; i++)
		round_of_trees(&rng, &v);
	while (reap(&v) != -1)
		;
	return summary("forkstorm", rounds * TREES, "trees", &v);
}

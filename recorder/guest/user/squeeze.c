/*
 * squeeze: makes one order of events in which the kernel maps a page while it
 * is being transferred, even the kernel that is `fixed'.
 *
 *	squeeze [seed [start]]		start tells what begins the transfer
 *
 * The sleeper faults on a page of a file when there is no memory for a page
 * table: it holds the page (PG_BUSY) and waits. Then the other process, the
 * hog, begins a transfer of the page's block, gives all memory back and ends.
 * The sleeper maps the page, and the transfer completes while the parent looks
 * at the page tables of the hog (docs/not-the-only-cause.md).
 */
#include "file.h"
#include "proc.h"

enum start { MSYNC = 1, WRITE, READAHEAD };

#define NO_MEMORY	16		/* pages that the kernel keeps for itself */
#define HOG_PAGES	900
#define SETTLED		6		/* ticks without memory: it stays so */
#define ASLEEP		6		/* more ticks, after which the sleeper sleeps */
#define LONG		200		/* ticks: longer than any transfer */

static enum start start;
static int fd;
static int wanted_block;		/* its first page is what the sleeper wants */
static volatile uint32_t *wanted;
static uint8_t block[FSBLOCK];

/* A buffer keeps the pages of a block that was read through it. */
static void
keep(int from, int lblkno)
{
	lseek(from, lblkno * FSBLOCK, SEEK_SET);
	read(from, block, sizeof block);
}

/* What is used is not taken away; a page that is written has to be dirty. */
static void
use(void)
{
	if (start == MSYNC)
		wanted[0]++;
	else
		(void)wanted[0];
}

/* Takes all memory, if `memory' is not NULL, and waits until there has been none for so many ticks. */
static void
until_none(volatile uint8_t *memory, int ticks)
{
	int n, page = 0;

	for (n = 0; n < ticks; ) {
		sleep(1);
		n = kinfo(KINFO_FREEPAGES) > NO_MEMORY ? 0 : n + 1;
		if (memory == NULL)
			continue;
		while (page < HOG_PAGES && kinfo(KINFO_FREEPAGES) > NO_MEMORY) {
			use();
			memory[page++ * PAGE] = 1;
		}
		use();
	}
}

static void
sleeper(void)
{
	until_none(NULL, SETTLED);
	(void)wanted[0];
	sleep(LONG);
	exit(0);
}

static void
hog(void)
{
	uint8_t *memory = mmap(NULL, HOG_PAGES * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON, -1, 0);

	until_none(memory, SETTLED + ASLEEP);
	if (start == MSYNC)
		msync((void *)wanted, PAGE, MS_ASYNC);
	if (start == WRITE) {
		lseek(fd, 0, SEEK_SET);
		write(fd, block, sizeof block);
	}
	munmap(memory, HOG_PAGES * PAGE);
	/* Two blocks one after the other: the kernel reads the next. */
	if (start == READAHEAD)
		keep(fd, wanted_block - 1);
	exit(0);
}

/* The file, and in memory what the hog will need when there is none. */
static int
prepare(void)
{
	int self = open_or_complain("/bin/squeeze", O_RDONLY);
	struct mapping file;

	if (start == READAHEAD) {
		wanted_block = 4;
		fd = open_pub(1);
	} else {
		fd = open_or_complain("/var/squeeze", O_RDWR | O_CREAT | O_TRUNC);
		if (fd == -1 || put_file(fd, ID_UPLOAD, 0, FSBLOCK))
			return -1;
		fsync(fd);
	}
	file = map_file(fd, start == READAHEAD ? PROT_READ : PROT_READ | PROT_WRITE);
	if (file.addr == NULL)
		return -1;
	wanted = (uint32_t *)(file.addr + wanted_block * FSBLOCK);
	if (start == READAHEAD) {
		(void)wanted[0];
		keep(fd, wanted_block - 1);
		keep(fd, wanted_block - 2);
	}
	if (start == WRITE)
		keep(fd, wanted_block);
	keep(self, 0);
	keep(self, 1);
	memset(block, 1, sizeof block);
	return 0;
}

int
main(int argc, char **argv)
{
	struct verdict v = { 0, 0, 0 };

	start = argc > 2 ? atoi(argv[2]) : MSYNC;
	if (prepare() == -1)
		return 1;
	if (fork_retry(&v) == 0)
		sleeper();
	if (fork_retry(&v) == 0)
		hog();
	while (reap(&v) != -1)
		;
	return summary("squeeze", 1, "squeeze", &v);
}

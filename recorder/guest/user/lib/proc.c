/* Forking, waiting and adding up verdicts (proc.h). */
#include "proc.h"

#define FORK_TRIES	50
#define FORK_PAUSE	5		/* ticks between tries */

/* Exit status: bit 7 says a process below died, the rest counts corruptions. */
#define STATUS_DIED	0x80
#define STATUS_MAX	0x7f

/*
 * fork, waiting for room when processes or memory are short. Returns as fork
 * does; -1 after too many tries is counted and is no failure of the kernel.
 */
int
fork_retry(struct verdict *v)
{
	int pid, try;

	for (try = 0; try < FORK_TRIES; try++) {
		pid = fork();
		if (pid != -1)
			return pid;
		sleep(FORK_PAUSE);
	}
	v->refused++;
	return -1;
}

/* Waits for any child and adds its verdict; returns its pid, or -1 for none. */
int
reap(struct verdict *v)
{
	int pid, status = 0;

	pid = wait4(-1, &status, 0, NULL);
	if (pid == -1)
		return -1;
	if (!WIFEXITED(status)) {
		printf("DIED pid=%d status=%x\n", pid, status);
		v->died++;
		return pid;
	}
	v->corrupt += WEXITSTATUS(status) & STATUS_MAX;
	if (WEXITSTATUS(status) & STATUS_DIED)
		v->died++;
	return pid;
}

void
finish(const struct verdict *v)
{
	int status = v->corrupt < STATUS_MAX ? v->corrupt : STATUS_MAX;

	exit(v->died != 0 ? status | STATUS_DIED : status);
}

/* The last line of a workload. Returns its exit status. */
int
summary(const char *name, int units, const char *unit, const struct verdict *v)
{
	int bad = v->corrupt != 0 || v->died != 0;
	char more[48] = "";

	if (v->died != 0 || v->refused != 0)
		snprintf(more, sizeof more, " %d died, %d refused,", v->died,
		    v->refused);
	printf("%s: %d %s, %d corrupt,%s %s\n", name, units, unit, v->corrupt,
	    more, bad ? "FAILED" : "OK");
	return bad;
}

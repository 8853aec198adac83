/*
 * The first process. Runs one workload, /bin/<argv[1]> <seed> [scale], waits
 * for it and leaves with its verdict: the kernel turns the exit status into
 * the machine's.
 */
#include "libc.h"

int
main(int argc, char **argv, char **envp)
{
	char path[32];
	char *name = argc > 1 ? argv[1] : "selftest";
	char *seed = argc > 2 ? argv[2] : "1";
	char *args[] = { name, seed, argc > 3 ? argv[3] : NULL, NULL };
	int pid, got, status = 0;

	snprintf(path, sizeof path, "/bin/%s", name);
	printf("init: %s seed %s\n", path, seed);
	pid = fork();
	if (pid == 0) {
		execve(path, args, envp);
		printf("init: cannot run %s: errno %d\n", path, errno);
		exit(127);
	}
	if (pid == -1) {
		printf("init: fork: errno %d\n", errno);
		return 1;
	}
	do					/* orphans end here as well */
		got = wait4(-1, &status, 0, NULL);
	while (got != pid && got != -1);
	if (got == -1 || !WIFEXITED(status)) {
		printf("DIED pid=%d status=%x\n", pid, status);
		return 1;
	}
	if (WEXITSTATUS(status) != 0)
		printf("init: %s exited with status %d\n", name,
		    WEXITSTATUS(status));
	return WEXITSTATUS(status);
}

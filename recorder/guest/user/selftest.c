/*
 * selftest: each system call once, alone and in a known order. The workload to
 * run first on a new kernel; the name of the last line printed is the place
 * where it broke.
 */
#include "file.h"
#include "proc.h"

static int failures;
static uint32_t data[PAGE / 4] = { 1 };
static uint32_t bss[PAGE / 4];

static void
expect(const char *what, int ok)
{
	printf("selftest: %s: %s\n", what, ok ? "ok" : "FAILED");
	failures += !ok;
}

static void
test_memory(void)
{
	uint8_t *heap = sbrk(3 * PAGE), *anon;

	expect("data and bss", data[0] == 1 && bss[PAGE / 4 - 1] == 0);
	expect("sbrk", heap != (void *)-1);
	pattern_fill(ID_SELFTEST, 0, 0, heap, 3 * PAGE);
	expect("heap", !pattern_check(ID_SELFTEST, 0, 0, heap, 3 * PAGE));
	expect("sbrk(0)", sbrk(0) == heap + 3 * PAGE);
	anon = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON, -1, 0);
	expect("mmap anon", anon != MAP_FAILED);
	if (anon == MAP_FAILED)
		return;
	expect("anon is zero", anon[0] == 0 && anon[4 * PAGE - 1] == 0);
	pattern_fill(ID_SELFTEST, 1, 0, anon, 4 * PAGE);
	expect("anon", !pattern_check(ID_SELFTEST, 1, 0, anon, 4 * PAGE));
	expect("munmap", munmap(anon, 4 * PAGE) == 0);
}

static void
test_fork(void)
{
	int pid, status = 0, local = 1;

	data[1] = 1;
	pid = fork();
	if (pid == 0) {
		data[1] = 2;
		local = 2;
		exit(local + data[1] == 4 ? 42 : 1);
	}
	expect("fork", pid > 0);
	expect("wait4", wait4(-1, &status, 0, NULL) == pid);
	expect("status", WIFEXITED(status) && WEXITSTATUS(status) == 42);
	expect("copy on write", data[1] == 1 && local == 1);
	expect("no child left", wait4(-1, &status, 0, NULL) == -1 &&
	    errno == ECHILD);
}

static void
test_exec(void)
{
	char *args[] = { "selftest", "exec", NULL };
	char *env[] = { NULL };
	int pid = fork(), status = 0;

	if (pid == 0) {
		execve("/bin/selftest", args, env);
		exit(1);
	}
	wait4(pid, &status, 0, NULL);
	expect("execve", WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void
test_files(void)
{
	struct prng rng;
	int fd;

	prng_init(&rng, 1, 1);
	expect("open of no file", open("/none", O_RDONLY, 0) == -1 &&
	    errno == ENOENT);
	expect("close of no file", close(60) == -1 && errno == EBADF);
	fd = open_pub(2);
	expect("open", fd >= 0);
	expect("read", get_read(fd, 2, 0) == 0);
	expect("mapped read", get_mapped(fd, 2, 0, &rng) == 0);
	close(fd);

	fd = open("/var/selftest", O_RDWR | O_CREAT | O_TRUNC, 0644);
	expect("creat", fd >= 0);
	expect("write", put_file(fd, ID_SELFTEST, 3, 20 * FSBLOCK) == 0);
	expect("size", file_size(fd) == 20 * (int)FSBLOCK);
	expect("fsync", fsync(fd) == 0);
	expect("read back", get_read(fd, ID_SELFTEST, 3) == 0);
	expect("close", close(fd) == 0);
}

static void
test_shared(void)
{
	int fd = open("/var/selftest", O_RDWR, 0), status = 0;
	struct mapping m = map_file(fd, PROT_READ | PROT_WRITE);

	expect("mmap shared", m.addr != NULL);
	if (m.addr == NULL)
		return;
	if (fork() == 0) {
		pattern_fill(ID_SELFTEST, 4, 0, m.addr, m.len);
		exit(0);
	}
	wait4(-1, &status, 0, NULL);
	expect("child's writes", !pattern_check(ID_SELFTEST, 4, 0, m.addr,
	    m.len));
	expect("msync", msync(m.addr, m.len, MS_SYNC) == 0);
	munmap(m.addr, m.len);
	lseek(fd, 0, SEEK_SET);
	expect("read of mapped writes", get_read(fd, ID_SELFTEST, 4) == 0);
	close(fd);
	expect("unlink", unlink("/var/selftest") == 0);
	expect("it is gone", open("/var/selftest", O_RDONLY, 0) == -1);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "exec") == 0)
		return 7;
	expect("getpid", getpid() > 0);
	expect("kinfo", kinfo(KINFO_FREEPAGES) > 0);
	expect("sleep", sleep(2) == 0);
	test_memory();
	test_fork();
	test_exec();
	test_files();
	test_shared();
	printf("selftest: %d failed, %s\n", failures,
	    failures ? "FAILED" : "OK");
	return failures != 0;
}

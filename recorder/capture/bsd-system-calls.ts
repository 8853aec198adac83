/**
 * System calls of BSD, as 386BSD, FreeBSD 1 to 3 and NetBSD and OpenBSD of that time number them (sys/syscall.h of 4.3BSD-Reno and 4.4BSD).
 * A number that 4.4BSD gave a successor has the name of its time; arguments are on the stack, above a return address.
 */

const NAMES = `1 exit 2 fork 3 read 4 write 5 open 6 close 7 wait4 8 creat 9 link 10 unlink 11 execv 12 chdir 13 fchdir 14 mknod 15 chmod
16 chown 17 break 18 getfsstat 19 lseek 20 getpid 21 mount 22 unmount 23 setuid 24 getuid 25 geteuid 26 ptrace 27 recvmsg 28 sendmsg
29 recvfrom 30 accept 31 getpeername 32 getsockname 33 access 34 chflags 35 fchflags 36 sync 37 kill 38 stat 39 getppid 40 lstat 41 dup
42 pipe 43 getegid 44 profil 45 ktrace 46 sigaction 47 getgid 48 sigprocmask 49 getlogin 50 setlogin 51 acct 52 sigpending
53 sigaltstack 54 ioctl 55 reboot 56 revoke 57 symlink 58 readlink 59 execve 60 umask 61 chroot 62 fstat 63 getkerninfo
64 getpagesize 65 msync 66 vfork 69 sbrk 70 sstk 71 mmap 72 vadvise 73 munmap 74 mprotect 75 madvise 78 mincore 79 getgroups
80 setgroups 81 getpgrp 82 setpgid 83 setitimer 84 wait 85 swapon 86 getitimer 87 gethostname 88 sethostname 89 getdtablesize 90 dup2
92 fcntl 93 select 95 fsync 96 setpriority 97 socket 98 connect 99 accept 100 getpriority 101 send 102 recv 103 sigreturn 104 bind
105 setsockopt 106 listen 108 sigvec 109 sigblock 110 sigsetmask 111 sigsuspend 112 sigstack 113 recvmsg 114 sendmsg
116 gettimeofday 117 getrusage 118 getsockopt 120 readv 121 writev 122 settimeofday 123 fchown 124 fchmod 125 recvfrom 126 setreuid
127 setregid 128 rename 129 truncate 130 ftruncate 131 flock 132 mkfifo 133 sendto 134 shutdown 135 socketpair 136 mkdir 137 rmdir
138 utimes 141 getpeername 142 gethostid 143 sethostid 144 getrlimit 145 setrlimit 146 killpg 147 setsid 148 quotactl 149 quota
150 getsockname 155 nfssvc 156 getdirentries 157 statfs 158 fstatfs 161 getfh 181 setgid 182 setegid 183 seteuid 188 stat 189 fstat
190 lstat 191 pathconf 192 fpathconf 194 getrlimit 195 setrlimit 196 getdirentries 197 mmap 198 __syscall 199 lseek 200 truncate
201 ftruncate 202 __sysctl 203 mlock 204 munlock`;

/** Names by number. */
export const BSD_SYSTEM_CALLS: Readonly<Record<string, string>> = Object.fromEntries(
  [...NAMES.matchAll(/(\d+)\s+(\w+)/g)].map(([, number, name]) => [number, name]),
);

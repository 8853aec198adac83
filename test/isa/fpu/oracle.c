/*
 * Executes single x87 instructions on this computer's own processor. Reads cases of 128 bytes from standard input, writes
 * answers of 128 bytes to standard output:
 *
 *   case    108 bytes FSAVE image (32-bit protected format) to start from, 16 of memory operand, 2 of opcode and ModRM
 *           (memory operands as [rdi]), 2 of EFLAGS
 *   answer  108 bytes FSAVE image afterwards, 16 of memory operand, 2 of AX (0x5555 before), 2 of EFLAGS
 *
 * An answer to an instruction that the processor refuses (SIGILL, SIGFPE) is all ones.
 *
 *   gcc -O1 -o oracle oracle.c && ./oracle < cases > answers
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct test {
  uint8_t image[108], memory[16], code[2];
  uint16_t flags;
};
struct answer {
  uint8_t image[108], memory[16];
  uint16_t ax, flags;
};

static const uint8_t before[] = {
    0x51, 0x9d,                   /* push %rcx; popfq */
    0xb8, 0x55, 0x55, 0x00, 0x00, /* mov $0x5555,%eax */
    0xdd, 0x26,                   /* frstor (%rsi) */
};
static const uint8_t after[] = {
    0x9c,                   /* pushfq */
    0xdd, 0x32,             /* fnsave (%rdx) */
    0x59,                   /* pop %rcx */
    0x49, 0x89, 0x08,       /* mov %rcx,(%r8) */
    0x49, 0x89, 0x40, 0x08, /* mov %rax,8(%r8) */
    0xc3,
};

static sigjmp_buf refused;
static void refuse(int signal) { siglongjmp(refused, signal); }

int main(void) {
  uint8_t *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return perror("mmap"), 1;
  struct sigaction action = {.sa_handler = refuse, .sa_flags = SA_NODEFER};
  sigaction(SIGILL, &action, 0);
  sigaction(SIGFPE, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  memcpy(code, before, sizeof before);
  memcpy(code + sizeof before + 2, after, sizeof after);
  void (*run)(void *memory, void *image, void *out, uint64_t flags, uint64_t *rest) = (void *)code;
  static uint8_t initial[108];
  __asm__ volatile("fnsave %0; frstor %0" : "=m"(initial));
  struct test test;
  while (fread(&test, sizeof test, 1, stdin) == 1) {
    struct answer answer;
    uint64_t rest[2] = {0, 0};
    memcpy(code + sizeof before, test.code, 2);
    __builtin___clear_cache((char *)code, (char *)code + 64);
    if (sigsetjmp(refused, 1) == 0) {
      run(test.memory, test.image, answer.image, test.flags, rest);
      memcpy(answer.memory, test.memory, sizeof answer.memory);
      answer.flags = rest[0];
      answer.ax = rest[1];
    } else {
      __asm__ volatile("fninit");
      memset(&answer, 0xff, sizeof answer);
    }
    if (fwrite(&answer, sizeof answer, 1, stdout) != 1) return 1;
  }
  return 0;
}

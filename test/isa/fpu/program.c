/*
 * A program of compiled x87 code: arithmetic, square roots, remainders, conversions and comparisons under every precision
 * and rounding control, all results in one hash. Built twice from 32-bit code: as a program of the computer at hand,
 * which prints the hash, and, with -DBARE, as an image that a processor without an operating system starts at _start and
 * that leaves the hash in EAX at its HLT.
 *
 *   gcc -m32 -O1 -march=i586 -mfpmath=387 -ffreestanding -fno-pic -fno-stack-protector -fcf-protection=none -nostdlib -static
 */
typedef unsigned int u32;

static u32 state = SEED, hash = 2166136261u;

static u32 draw(void) {
  state = state * 1664525u + 1013904223u;
  return state;
}

static void mix(const volatile void *from, int bytes) {
  const volatile unsigned char *at = from;
  while (bytes--) hash = (hash ^ *at++) * 16777619u;
}

static void round_once(void) {
  static const unsigned short control[] = {0x37f, 0x27f, 0x07f, 0x77f, 0xb7f, 0xf7f, 0x67f, 0xe7f};
  __asm__ volatile("fldcw %0" : : "m"(control[draw() >> 29]));
  long double a = (long double)(int)draw() * (1.0L / 65536) + 1e-3L;
  long double b = (long double)(int)draw() / (1 + (draw() >> 8));
  if (b == 0) b = 1;
  volatile long double sum = a + b, difference = a - b, product = a * b, quotient = a / b;
  volatile long double root, whole, rest;
  volatile float single = product;
  volatile double twice = quotient;
  volatile int integer = sum;
  volatile long long wide = difference;
  volatile int order = (sum < difference) | (product > quotient) << 1 | (a == b) << 2 | (a >= b) << 3;
  long double t;
  __asm__("fsqrt" : "=t"(t) : "0"(a < 0 ? -a : a));
  root = t;
  __asm__("frndint" : "=t"(t) : "0"(difference));
  whole = t;
  __asm__("1: fprem; fnstsw %%ax; testb $4,%%ah; jnz 1b" : "=t"(t) : "0"(product), "u"(b) : "ax");
  rest = t;
  mix(&sum, 10), mix(&difference, 10), mix(&product, 10), mix(&quotient, 10);
  mix(&root, 10), mix(&whole, 10), mix(&rest, 10);
  mix(&single, 4), mix(&twice, 8), mix(&integer, 4), mix(&wide, 8), mix(&order, 4);
}

void _start(void) {
#ifdef BARE
  __asm__ volatile("fninit");
#endif
  for (int n = 0; n < ROUNDS; n++) round_once();
#ifdef BARE
  __asm__ volatile("hlt" : : "a"(hash));
#else
  char text[] = "00000000\n";
  for (int n = 0; n < 8; n++) text[n] = "0123456789abcdef"[(hash >> (28 - 4 * n)) & 15];
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "0"(4), "b"(1), "c"(text), "d"(9) : "memory");
  __asm__ volatile("int $0x80" : : "a"(1), "b"(0));
#endif
  __builtin_unreachable();
}

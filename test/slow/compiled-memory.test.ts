import { expect, it } from 'vitest';
import { load } from '../isa/assemble.ts';
import { ProtectedMode } from '../isa/protected-mode.ts';

/**
 * A guest that writes code on one page after another, over 8,000 pages and again, and calls each page's often enough for it to be
 * compiled: what is compiled is dropped as a whole again and again, and the process does not grow.
 * `COMPILED_MEMORY_INSTRUCTIONS=100000000000 npm run test:slow -- compiled-memory` executes more of it.
 */

const FIRST = 0x1000000;
const INSTRUCTIONS = Number(process.env.COMPILED_MEMORY_INSTRUCTIONS ?? 10_000_000_000);
const ROUNDS = 5;

it('code that is made without end takes no more and more memory', () => {
  // again: mov edi, ebx; mov al, 40h (inc eax); mov ecx, 200; rep stosb; mov byte [edi], c3h (ret); mov ecx, 4000
  // call ebx; dec ecx; jnz call; add ebx, 1000h; cmp ebx, 3000000h; jb again; mov ebx, FIRST; jmp again
  const body = `89 df b0 40 ${load('ecx', 200)} f3 aa c6 07 c3 ${load('ecx', 4000)} ff d3 49 75 fb 81 c3 00 10 00 00`;
  const back = (from: number) => (256 - from).toString(16);
  const length = body.split(' ').length;
  const bench = new ProtectedMode({ ramBytes: 64 << 20, compileAfter: 5 }).code(
    `${load('ebx', FIRST)} ${body} 81 fb 00 00 00 03 72 ${back(length + 8)} ${load('ebx', FIRST)} eb ${back(length + 15)}`,
  );
  const grown: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    bench.step(Math.floor((INSTRUCTIONS * round) / ROUNDS) - bench.cpu.icount);
    grown.push(process.memoryUsage().rss);
  }
  const { regions = 0, clears = 0 } = bench.cpu.compiled ?? {};
  expect(bench.cpu.icount).toBe(INSTRUCTIONS);
  expect(regions).toBeGreaterThan(10_000);
  expect(clears).toBeGreaterThan(3);
  expect(grown[4] - grown[1]).toBeLessThan(100 << 20);
}, 9_000_000);

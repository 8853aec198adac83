import { describe, expect, it } from 'vitest';
import { ddmin } from '../../analysis/explore/ddmin.ts';

const numbers = Array.from({ length: 40 }, (_, n) => n);

async function least(needed: readonly number[]) {
  const asked: string[] = [];
  const part = await ddmin(numbers, async (some) => {
    asked.push(some.join());
    return needed.every((one) => some.includes(one));
  });
  return { part, asked };
}

describe('delta debugging', () => {
  it.each([[[]], [[7]], [[0, 39]], [[3, 4, 21, 30]], [numbers]])(
    'leaves what is needed: %j',
    async (needed) => {
      const { part, asked } = await least(needed);
      expect(part).toEqual(needed);
      expect(asked.length).toBeLessThan(needed.length > 10 ? 2000 : 150);
    },
  );

  it('leaves none that could go, where parts stand for each other', async () => {
    const holds = (some: readonly number[]) => some.filter((one) => one % 5 === 0).length >= 2;
    const part = await ddmin(numbers, async (some) => holds(some));
    expect(part).toHaveLength(2);
    expect(holds(part)).toBe(true);
  });

  it('ends early with what it has', async () => {
    let runs = 0;
    const part = await ddmin(
      numbers,
      async (some) => {
        runs++;
        return some.includes(7);
      },
      () => runs >= 3,
    );
    expect(part).toContain(7);
    expect(part.length).toBeLessThan(numbers.length);
  });
});

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Axe finds nothing in a page that lets scripts in, and it does not scroll sideways: in both colors, on a screen and on a telephone; `act` is done in each. */
export async function expectAccessible(page: Page, act?: () => Promise<void>): Promise<void> {
  await page.addScriptTag({
    content: readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
  });
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await act?.();
      expect(await violations(page), `${colorScheme}, ${width}`).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wide, 'scrolls sideways').toBe(0);
    }
}

const violations = (page: Page): Promise<[string, string | undefined][]> =>
  page.evaluate(async () => {
    const axe = (
      globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      }
    ).axe;
    return (await axe.run()).violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
  });

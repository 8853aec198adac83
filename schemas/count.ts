/** Counts of instructions as text. */

const SUFFIX: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** Parses a count of instructions: `250000`, `250_000`, `22,711,849`, `0x1000`, `1.5M`, `2G`; undefined for other text. */
export function readCount(text: string): number | undefined {
  const plain = text.replaceAll(/[_,]/g, '');
  const [, digits, suffix] = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(plain) ?? [];
  const count =
    digits !== undefined
      ? Math.round(Number(digits) * SUFFIX[suffix])
      : /^0x[0-9a-f]+$/i.test(plain)
        ? Number(plain)
        : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}

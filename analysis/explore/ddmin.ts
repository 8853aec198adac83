/** Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002). */

/**
 * A smallest part of `all` for which `holds`: without any one of its elements it does not. `holds(all)` is taken for granted; nothing is
 * asked twice. Ends with the smallest part known by then when `stopped` says so.
 */
export async function ddmin<Element>(
  all: readonly Element[],
  holds: (part: readonly Element[]) => Promise<boolean>,
  stopped: () => boolean = () => false,
): Promise<readonly Element[]> {
  if (all.length === 0 || (await holds([]))) return [];
  let part = all;
  for (let pieces = 2; part.length > 1 && !stopped(); ) {
    const smaller = await smallerOf(part, pieces, holds, stopped);
    if (smaller) {
      part = smaller.part;
      pieces = Math.max(2, smaller.isPiece ? 2 : pieces - 1);
    } else if (pieces >= part.length) break;
    else pieces = Math.min(part.length, pieces * 2);
  }
  return part;
}

/** One of the pieces, or all but one of them. */
async function smallerOf<Element>(
  part: readonly Element[],
  count: number,
  holds: (part: readonly Element[]) => Promise<boolean>,
  stopped: () => boolean,
): Promise<{ readonly part: readonly Element[]; readonly isPiece: boolean } | undefined> {
  const size = part.length / count;
  const bounds = (n: number) => [Math.round(n * size), Math.round((n + 1) * size)] as const;
  for (let n = 0; n < count && !stopped(); n++) {
    const piece = part.slice(...bounds(n));
    if (await holds(piece)) return { part: piece, isPiece: true };
  }
  // Of two pieces, the rest of each is the other.
  for (let n = 0; n < count && count > 2 && !stopped(); n++) {
    const [from, to] = bounds(n);
    const rest = [...part.slice(0, from), ...part.slice(to)];
    if (await holds(rest)) return { part: rest, isPiece: false };
  }
  return undefined;
}

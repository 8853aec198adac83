import { describe, expect, it } from 'vitest';
import { MICRO, WORDS } from '../../recorder/machine/cpu/blocks/micro-ops.ts';
import type { Graph, Node } from '../../recorder/machine/cpu/wasm/graph.ts';
import { offsetOf, split } from '../../recorder/machine/cpu/wasm/split.ts';
import { type Item, structure } from '../../recorder/machine/cpu/wasm/structure.ts';

/** Loops that compiled code enters at several places. */

/** Micro-op 0 uses flags, the others do neither. */
const code = new Int32Array(2 * WORDS).fill(0);
code[0] = MICRO.JCC0;
code[WORDS] = MICRO.JMP;

/** Nodes of `count` instructions by their successors; those in `flags` use flags. */
function graphOf(edges: Record<number, number[]>, count = 5, flags: readonly number[] = []): Graph {
  const node = (offset: number, successors: number[]): Node => {
    const at = flags.includes(offset) ? 0 : WORDS;
    return { offset, start: at, end: at, whole: count, count, successors, resumes: [], returns: [] };
  };
  return new Map(Object.entries(edges).map(([offset, to]) => [+offset, node(+offset, to)]));
}

const entriesOfLoops = (items: readonly Item[]): number[][] =>
  items.flatMap((item) => (item.kind === 'loop' ? [[...item.entries], ...entriesOfLoops(item.body)] : []));
const loops = (graph: Graph, entries: readonly number[]) =>
  entriesOfLoops(structure([...graph.keys()], (id) => graph.get(id)!.successors, new Set(entries)));

describe('a loop of several entries', () => {
  // 1 calls 2, which returns to 3; 4 is behind the loop.
  const edges = { 1: [2], 2: [3], 3: [1, 4], 4: [] };

  it('keeps one; the others have copies up to it, which lead to what the originals do', () => {
    const graph = graphOf(edges);
    expect(loops(graph, [1, 3])).toEqual([[1, 3]]);
    const { graph: made, entries } = split(graph, [1, 3], code);
    expect(entries.map(offsetOf)).toEqual([1, 3]);
    const own = loops(made, entries);
    expect(own.map((loop) => loop.length)).toEqual([1]);
    for (const [id, { successors }] of made)
      expect(successors.map(offsetOf)).toEqual(edges[offsetOf(id) as keyof typeof edges]);
    // Only entry 3 is copied, for from there it is not far to 1.
    expect([...made.keys()].filter((id) => id > 4).map(offsetOf)).toEqual([3]);
  });

  it('keeps rather one that does not use flags', () => {
    const { graph, entries } = split(graphOf(edges, 5, [1]), [1, 3], code);
    expect(loops(graph, entries)).toEqual([[3]]);
  });

  it('also if it is entered by other code of the region', () => {
    const around = { ...edges, 5: [3, 1] };
    const { graph, entries } = split(graphOf(around), [5], code);
    expect(loops(graph, entries)).toEqual([[1]]);
    expect(graph.get(5)!.successors.map(offsetOf)).toEqual([3, 1]);
    expect(graph.get(5)!.successors[0]).not.toBe(3);
  });

  it('is left alone if it is large, or has one entry already', () => {
    const large = graphOf(edges, 200);
    expect(split(large, [1, 3], code)).toEqual({ graph: large, entries: [1, 3] });
    const one = graphOf(edges);
    expect(split(one, [1], code)).toEqual({ graph: one, entries: [1] });
  });
});

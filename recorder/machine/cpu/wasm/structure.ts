/**
 * Converts a graph of blocks to nested loops, the only control flow of WebAssembly: strongly connected components in
 * topological order; each that is a loop is taken apart in the same way once the edges to its entries are left out.
 */

export type Item = { readonly kind: 'node'; readonly node: number } | Loop;

export interface Loop {
  readonly kind: 'loop';
  /** The nodes by which it is entered. More than one only where code jumps into the middle of a loop. */
  readonly entries: readonly number[];
  readonly body: readonly Item[];
}

type Edges = (node: number) => readonly number[];

/** `nodes`, entered at `entries`, in an order in which only edges to the entries of a loop around them lead back. */
export function structure(nodes: readonly number[], successors: Edges, entries: ReadonlySet<number>): Item[] {
  return sequence(new Set(nodes), new Set(), entries, { all: nodes, successors });
}

interface Whole {
  readonly all: readonly number[];
  readonly successors: Edges;
}

function sequence(
  part: ReadonlySet<number>,
  heads: ReadonlySet<number>,
  entries: ReadonlySet<number>,
  whole: Whole,
): Item[] {
  const edges: Edges = (node) => whole.successors(node).filter((to) => part.has(to) && !heads.has(to));
  return components(
    [...part].sort((a, b) => a - b),
    edges,
  ).map((members): Item => {
    const [first] = members;
    if (members.length === 1 && !edges(first).includes(first)) return { kind: 'node', node: first };
    const inside = new Set(members);
    const fromOutside = new Set(
      whole.all.filter((node) => !inside.has(node)).flatMap((node) => whole.successors(node)),
    );
    const own = members.filter((node) => entries.has(node) || fromOutside.has(node)).sort((a, b) => a - b);
    const body = sequence(inside, new Set([...heads, ...own]), new Set(own), whole);
    return { kind: 'loop', entries: own, body };
  });
}

/** Strongly connected components in topological order (Tarjan, Depth-First Search and Linear Graph Algorithms, 1972). */
export function components(nodes: readonly number[], edges: Edges): number[][] {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const open: number[] = [];
  const isOpen = new Set<number>();
  const found: number[][] = [];
  const lower = (node: number, to: number) => low.set(node, Math.min(low.get(node)!, to));
  const begin = (node: number) => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    open.push(node);
    isOpen.add(node);
    return { node, to: edges(node), next: 0 };
  };
  const close = (node: number) => {
    if (low.get(node) !== index.get(node)) return;
    const members = open.splice(open.lastIndexOf(node));
    for (const member of members) isOpen.delete(member);
    found.push(members);
  };
  for (const root of nodes) {
    if (index.has(root)) continue;
    const work = [begin(root)];
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      if (top.next < top.to.length) {
        const to = top.to[top.next++];
        if (!index.has(to)) work.push(begin(to));
        else if (isOpen.has(to)) lower(top.node, index.get(to)!);
      } else {
        work.pop();
        close(top.node);
        const above = work.at(-1);
        if (above) lower(above.node, low.get(top.node)!);
      }
    }
  }
  return found.reverse();
}

import { factsOf } from '../blocks/facts.ts';
import { MICRO_OPS } from '../blocks/micro-op-table.ts';
import * as micro from '../blocks/micro-ops.ts';
import { FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../state.ts';
import type { Graph, Node } from './graph.ts';
import { components } from './structure.ts';

/**
 * Gives loops that are entered at several places one entry. The other places get a copy of what they lead to in the loop, up to the
 * entry, so that going round dispatches nothing, and asks once whether enough instructions are left.
 */

/** A node is known by its offset in the page, a copy of it by that and COPY. */
const COPY = 4096;
export const offsetOf = (id: number): number => id % COPY;

/** Maximum instructions that are copied for a region. */
const MAX_COPIED = 100;
/** By so many instructions an entry that uses flags is a worse one: at an entry of a region the operation that set them is not known. */
const COST_OF_FLAGS = 50;

export interface Split {
  readonly graph: Graph;
  readonly entries: readonly number[];
}

/** `graph` with copies; its entries by number as before. */
export function split(graph: Graph, entries: readonly number[], code: Int32Array): Split {
  const nodes = new Map(graph);
  let ids = entries;
  let room = MAX_COPIED;
  const edges = (id: number) => graph.get(id)!.successors;
  for (const members of components([...graph.keys()], edges)) {
    // A block that leads to itself has one entry.
    if (members.length < 2) continue;
    const inside = new Set(members);
    const outside = [...nodes.keys()].filter((id) => !inside.has(id));
    const entered = new Set([...ids, ...outside.flatMap((id) => nodes.get(id)!.successors)]);
    const own = members.filter((id) => entered.has(id));
    if (own.length < 2) continue;
    const { copied, count } = cheapest(own, inside, nodes, code);
    if (count > room) continue;
    room -= count;
    const copyOf = (id: number): number => (copied.has(id) ? id + COPY : id);
    for (const id of outside) redirect(nodes, id, id, copyOf);
    for (const id of copied) redirect(nodes, id, id + COPY, copyOf);
    ids = ids.map(copyOf);
  }
  return { graph: nodes, entries: ids };
}

/** Node `from` as node `to`, leading to the copies of nodes that are copied. */
function redirect(nodes: Map<number, Node>, from: number, to: number, copyOf: (id: number) => number): void {
  const node = nodes.get(from)!;
  nodes.set(to, { ...node, successors: node.successors.map(copyOf) });
}

/** The entry of a loop for which the fewest instructions have to be copied for the others. */
function cheapest(own: readonly number[], inside: ReadonlySet<number>, nodes: Graph, code: Int32Array) {
  const choices = own.map((head) => {
    const copied = upTo(head, own, inside, nodes);
    let count = 0;
    for (const id of copied) count += nodes.get(id)!.count;
    const cost = count + (usesFlags(nodes.get(head)!, code) ? COST_OF_FLAGS : 0);
    return { copied, count, cost };
  });
  return choices.reduce((best, one) => (one.cost < best.cost ? one : best));
}

/** The nodes of a loop that are reached from its entries before `head`. */
function upTo(head: number, own: readonly number[], inside: ReadonlySet<number>, nodes: Graph): Set<number> {
  const seen = new Set<number>();
  const stack = own.filter((id) => id !== head);
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    stack.push(...nodes.get(id)!.successors.filter((to) => to !== head && inside.has(to)));
  }
  return seen;
}

const FLAG_WORDS = new Set([FLAG_KIND, FLAG_RESULT, FLAG_A, FLAG_B]);
const FACTS = MICRO_OPS.map((op) => factsOf(op, FLAG_WORDS));

/** True if a node uses flags that were set before it. */
function usesFlags({ start, end }: Node, code: Int32Array): boolean {
  for (let p = start; p <= end; p += micro.WORDS) {
    const { readsFlags, changesFlags } = FACTS[code[p]];
    if (readsFlags) return true;
    if (changesFlags) return false;
  }
  return false;
}

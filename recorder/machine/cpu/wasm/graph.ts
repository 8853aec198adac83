import * as micro from '../blocks/micro-ops.ts';
import { FIRST_END, MICRO } from '../blocks/micro-ops.ts';

/** A block of a region, or its part up to the beginning of another block of the region. Offsets are within the page. */
export interface Node {
  readonly offset: number;
  /** Its first micro-op. */
  readonly start: number;
  /** Instructions in the block, of which the interpreter executes the rest whenever compiled code leaves within it. */
  readonly whole: number;
  /** Instructions in the node. */
  count: number;
  /** The micro-op that ends the node: a transfer, one that always leaves, or, of a node that was cut, none of it (`cut`). */
  end: number;
  /** The node that begins in the middle of its block, where it goes on then. */
  cut?: number;
  /** Offsets of its successors within the region. */
  successors: number[];
  /** Of a call: where it leads (unless that is not known) and returns to. */
  readonly callee?: number;
  readonly site?: number;
  /** Offsets where the interpreter may go on after it has executed what compiled code leaves to it. */
  readonly resumes: readonly number[];
  /** For a return: the return addresses of the calls of its function. */
  returns: number[];
}

export type Graph = ReadonlyMap<number, Node>;

/** Micro-ops at which compiled code always leaves, because handlers execute them. */
const LEAVES = new Set<number>([MICRO.COLD, MICRO.COLD_END, MICRO.COLD_REFETCH]);
const REFETCHES = new Set<number>([MICRO.INVLPG, MICRO.LOAD_CR3]);

const isBranch = (op: number): boolean => op >= MICRO.JCC0 && op <= MICRO.JCC15;
const NEAR = new Set<number>([
  MICRO.JMP_NEAR,
  MICRO.JCC_NEAR,
  MICRO.LOOP,
  MICRO.LOOPE,
  MICRO.LOOPNE,
  MICRO.JCXZ,
]);
export const isLeaving = (op: number): boolean => LEAVES.has(op);

/** Maximum call sites with which a return is compared. */
const MAX_RETURNS = 8;

/** The blocks of a page that are available for a region. */
export interface PageBlocks {
  readonly code: Int32Array;
  /** The block that begins at `offset`, if it is to be part of the region; else 0. */
  blockAt(offset: number): number;
}

export interface Collected {
  readonly graph: Graph;
  /** The entries asked for, then those where execution is likely to come back. */
  readonly entries: readonly number[];
}

/**
 * The blocks of a page that are reachable from `asked` and may be part of the region. Its entries are these, return addresses of
 * functions elsewhere, and instructions after those left to the interpreter, at most `maxEntries` in total.
 */
export function collect(
  page: PageBlocks,
  asked: readonly number[],
  maxInstructions: number,
  maxEntries: number,
): Collected {
  const nodes = new Map<number, Node>();
  const queue = [...asked];
  let instructions = 0;
  for (let offset = queue.shift(); offset !== undefined; offset = queue.shift()) {
    if (nodes.has(offset) || instructions >= maxInstructions) continue;
    const start = offset >= 0 && offset < 4096 ? page.blockAt(offset) : 0;
    if (start === 0) continue;
    const node = scan(page.code, start, offset);
    nodes.set(offset, node);
    instructions += node.count;
    queue.push(...node.successors, ...node.resumes);
    if (node.site !== undefined) queue.push(node.site);
  }
  cutOverlaps(page.code, nodes);
  addReturns(nodes);
  for (const node of nodes.values()) {
    const inside = (offset: number) => nodes.has(offset);
    node.returns = node.returns.filter(inside);
    node.successors = [...node.successors, ...node.returns].filter(inside);
  }
  const present = asked.filter((offset) => nodes.has(offset));
  const entries = [...new Set([...present, ...comeBack(nodes)])].slice(0, maxEntries);
  return { graph: reachable(nodes, entries), entries };
}

/** Offsets where execution is likely to come back. */
function* comeBack(nodes: ReadonlyMap<number, Node>): Generator<number> {
  for (const { resumes, site, callee } of nodes.values()) {
    for (const offset of resumes) if (nodes.has(offset)) yield offset;
    const isOutside = callee === undefined || !nodes.has(callee);
    if (site !== undefined && nodes.has(site) && isOutside) yield site;
  }
}

const instructionsBefore = (code: Int32Array, p: number): number =>
  code[p + micro.PLACE] >>> micro.INDEX_SHIFT;
const lengthOf = (code: Int32Array, p: number): number =>
  (code[p + micro.PLACE] >>> micro.LENGTH_SHIFT) & micro.LENGTH_MASK;
const offsetIn = (code: Int32Array, p: number): number => code[p + micro.PLACE] & micro.OFFSET_MASK;

function scan(code: Int32Array, start: number, offset: number): Node {
  let p = start;
  while (code[p] < FIRST_END && !isLeaving(code[p])) p += micro.WORDS;
  const op = code[p];
  const before = instructionsBefore(code, p);
  const node: Node = {
    offset,
    start,
    whole: code[start - micro.WORDS + micro.COUNT],
    count: op === MICRO.END || isLeaving(op) ? before : before + 1,
    end: p,
    successors: [],
    resumes: isLeaving(op) ? lastTargets(code, p, offset) : [],
    returns: [],
  };
  const next = offset + code[p + micro.IMMEDIATE];
  // Where segments matter a call is several micro-ops.
  const calls = p > start && code[p - micro.WORDS] === MICRO.CALLED;
  if (op === MICRO.CALL || (op === MICRO.JMP_NEAR && calls)) {
    const callee = offset + code[p + micro.DISPLACEMENT];
    return { ...node, successors: [callee], callee, site: next };
  }
  if (op === MICRO.CALL_R || (op === MICRO.JMP_R && calls)) return { ...node, site: next };
  node.successors = isLeaving(op) ? [] : targetsOf(code, p, offset);
  return node;
}

/** Targets of the micro-op that ends a block, as far as they are known. */
function targetsOf(code: Int32Array, p: number, offset: number): number[] {
  const op = code[p];
  const target = offset + code[p + micro.DISPLACEMENT];
  const next = offset + code[p + micro.IMMEDIATE];
  if (op === MICRO.END) return [offset + offsetIn(code, p)];
  if (op === MICRO.JMP || op === MICRO.JMP_NEAR) return [target];
  if (isBranch(op) || NEAR.has(op) || op === MICRO.CALL) return [target, next];
  if (op === MICRO.CALL_R) return [next];
  // Most handlers continue after their instruction.
  return isLeaving(op) || REFETCHES.has(op) ? [offset + offsetIn(code, p) + lengthOf(code, p)] : [];
}

/** The same of the block that micro-op `from` is in. */
function lastTargets(code: Int32Array, from: number, offset: number): number[] {
  let p = from;
  while (code[p] < FIRST_END) p += micro.WORDS;
  return targetsOf(code, p, offset);
}

/** Ends each block at the beginning of another. */
function cutOverlaps(code: Int32Array, nodes: Map<number, Node>): void {
  for (const [offset, node] of nodes) {
    for (let p = node.start; p < node.end; p += micro.WORDS) {
      const at = offset + offsetIn(code, p);
      if (at === offset || !nodes.has(at)) continue;
      const count = instructionsBefore(code, p);
      const { start, whole } = node;
      nodes.set(offset, {
        offset,
        start,
        whole,
        count,
        end: p,
        cut: at,
        successors: [at],
        resumes: [],
        returns: [],
      });
      break;
    }
  }
}

/** Returns lead to the sites of calls of the function that they are in. */
function addReturns(nodes: ReadonlyMap<number, Node>): void {
  const sites = new Map<number, number[]>();
  for (const { callee, site } of nodes.values()) {
    if (callee === undefined || !nodes.has(callee) || !nodes.has(site!)) continue;
    sites.set(callee, [...(sites.get(callee) ?? []), site!]);
  }
  for (const [callee, all] of sites) {
    if (all.length > MAX_RETURNS) continue;
    for (const offset of within(nodes, callee)) {
      const node = nodes.get(offset)!;
      if (node.successors.length === 0 && node.site === undefined)
        node.returns = [...new Set([...node.returns, ...all])];
    }
  }
}

/** The nodes of a function: calls in it are stepped over. */
function within(nodes: ReadonlyMap<number, Node>, callee: number): Set<number> {
  const seen = new Set<number>();
  const stack = [callee];
  for (let offset = stack.pop(); offset !== undefined; offset = stack.pop()) {
    const node = nodes.get(offset);
    if (node === undefined || seen.has(offset)) continue;
    seen.add(offset);
    stack.push(...(node.site === undefined ? node.successors : [node.site]));
  }
  return seen;
}

function reachable(nodes: ReadonlyMap<number, Node>, entries: readonly number[]): Graph {
  const reached = new Map<number, Node>();
  const stack = [...entries];
  for (let offset = stack.pop(); offset !== undefined; offset = stack.pop()) {
    const node = nodes.get(offset);
    if (node === undefined || reached.has(offset)) continue;
    reached.set(offset, node);
    stack.push(...node.successors);
  }
  return reached;
}

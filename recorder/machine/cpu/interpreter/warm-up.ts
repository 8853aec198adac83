import { FAST_PATH, RAM } from '../../layout.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import { NO_TIER } from '../blocks/hot-blocks.ts';
import { MICRO_OPS } from '../blocks/micro-op-table.ts';
import {
  A,
  B,
  DISPLACEMENT,
  FIRST_END,
  IMMEDIATE,
  LINKED_BY_B,
  MICRO,
  NEVER_HOT,
  OP,
  SCALE,
  WORDS,
  X,
} from '../blocks/micro-ops.ts';
import type { Core } from '../core.ts';
import { APPLICATION, BIG, SEGMENT_PRESENT, WRITABLE } from '../descriptors.ts';
import { KIND_ADD, KIND_SUB } from '../flags.ts';
import {
  BLOCK_EIP,
  CS,
  DS,
  EAX,
  EBP,
  EBX,
  ECX,
  EDX,
  ESP,
  FLAG_A,
  FLAG_B,
  FLAG_KIND,
  FLAG_RESULT,
  LEFT,
  SEGMENT_WORDS,
  SEGMENTS,
  SS,
  ZERO,
} from '../state.ts';
import type { Interpret } from './interpreter.ts';

/** Runs every branch of every micro-op, so that V8 has seen all of them before it optimizes the hot loop. */

/** The linear (and physical) page that the micro-ops address; its contents are restored. */
const PAGE = 5;
const LINEAR = (PAGE << 12) + 0x800;
/** Positions in the scratch block: the micro-op, one that stops the loop, and a link target that stops it. */
const START = 2 * WORDS;
const STOP = START + WORDS;
const LINKED = START + 4 * WORDS;
/** Not a micro-op. */
const NONE = -1;
const HLT = 0xf4;
const DATA = SEGMENTS + DS * SEGMENT_WORDS;
const OPEN = SEGMENT_PRESENT | APPLICATION | WRITABLE;
/** Enough calls for V8 to allocate feedback. */
const OVERTURE = 500;

/** Values for which every condition is both true and false, and sums and products exceed 32 bits. */
const OPERANDS = [
  [0x7fffffff, -3],
  [-2, 3],
  [3, 3],
  [5, 0x7ffffff3],
] as const;

const TAKES_HANDLER = new Set([MICRO.COLD_END, MICRO.COLD_REFETCH]);
/** Those that look for the next block each time, or when they know of none. */
const LOOKS_FOR_BLOCK = [
  MICRO.END,
  MICRO.COLD_REFETCH,
  MICRO.INVLPG,
  MICRO.LOAD_CR3,
  MICRO.JMP_R,
  MICRO.CALL_R,
  MICRO.RET,
];
const NEAR = new Set(
  MICRO_OPS.flatMap(({ transfer }, number) => (transfer?.kind === 'near' ? [number] : [])),
);
const SEGMENTED = new Set([MICRO.SEGMENTED16, MICRO.SEGMENTED, MICRO.SEGMENTED_STACK]);

/**
 * Runs every branch of every micro-op. V8 compiles the loop on the assumption that code which has not run never will, and discards the
 * compiled code when it does; without this, the loop would be recompiled repeatedly during most of a short run. Leaves CPU_STATE, the
 * event log and derived state in an undefined state.
 */
export function warmUp(core: Core, blocks: BlockCache, interpret: Interpret): void {
  const { i32, u8 } = core;
  const { code } = blocks;
  const contents = u8.slice(RAM + (PAGE << 12), RAM + ((PAGE + 1) << 12));
  blocks.insns.push(null as never);
  blocks.handlers.push(() => {});

  const prepare = (op: number, a: number, b: number, kind: number, slot: number, link: number): void => {
    const ends = op >= FIRST_END;
    code.fill(0, 0, LINKED + WORDS);
    code[START + OP] = op;
    // The destination, the first handler, or a link; the source, base, or the other link.
    code[START + A] = ends && !TAKES_HANDLER.has(op) ? link : SEGMENTED.has(op) ? DATA : EAX;
    code[START + B] = LINKED_BY_B.has(op) ? link : kind === KIND_SUB ? EBX : ECX;
    code[START + X] = ZERO;
    code[START + SCALE] = NEAR.has(op) ? -1 : 0;
    code[START + DISPLACEMENT] = 0x80000000 | 0;
    code[START + IMMEDIATE] = b & 31;
    code[STOP + OP] = NONE;
    code[LINKED + OP] = NONE;
    i32[(FAST_PATH >>> 2) + PAGE] = slot;
    // Segments that contain the operand, and segments that do not.
    const limit = kind === KIND_SUB ? -1 : 0;
    core.segments.set(DS, 0, 0, limit, OPEN | (slot === 0 ? 0 : BIG));
    core.segments.set(SS, 0, 0, limit, OPEN | (slot === 0 ? 0 : BIG));
    core.segments.set(CS, 0, 0, limit, OPEN);
    i32[EAX] = a;
    i32[ECX] = b;
    i32[EBX] = (LINEAR + 0x80000000) | 0;
    i32[ESP] = LINEAR;
    i32[EBP] = LINEAR;
    i32[FLAG_KIND] = kind;
    i32[FLAG_RESULT] = a - b;
    i32[FLAG_A] = a;
    i32[FLAG_B] = b;
    // The micro-op leaves nothing of the run, so that no block is looked up.
    i32[LEFT] = op === MICRO.END ? 0 : 1;
    i32[BLOCK_EIP] = 0;
  };
  const run = (...variant: Parameters<typeof prepare>): void => {
    prepare(...variant);
    try {
      interpret(START);
    } catch (error) {
      if (!core.isGuestFault(error)) throw error;
    }
  };

  for (let n = 0; n < OVERTURE; n++) run(MICRO.NOP, 0, 0, KIND_SUB, 0, 0);
  for (const [a, b] of OPERANDS) {
    for (const kind of [KIND_SUB, KIND_ADD]) {
      // Hot blocks go to one of several executors, so that V8 does not inline one of them.
      blocks.useTier({ ...NO_TIER, hot: (p) => p });
      for (const slot of [0, (RAM + (PAGE << 12)) | 15]) {
        for (const link of [0, LINKED]) {
          for (const op of Object.values(MICRO)) run(op, a, b, kind, slot, link);
        }
      }
    }
  }
  // Those that look for a block and find one, of a HLT, which is hot or not.
  core.segments.resetReal(CS, 0, 0);
  u8[RAM + (PAGE << 12)] = HLT;
  for (const heat of [-1, NEVER_HOT]) {
    blocks.useTier({ ...NO_TIER, hot: (p) => p, heatOf: () => heat });
    blocks.clear();
    blocks.insns.push(null as never);
    blocks.handlers.push(() => {});
    for (const op of LOOKS_FOR_BLOCK) {
      prepare(op, 0, 0, KIND_SUB, (RAM + (PAGE << 12)) | 15, 0);
      code[START + B] = EDX;
      i32[EDX] = PAGE << 12;
      i32[(RAM + LINEAR) >>> 2] = PAGE << 12;
      i32[BLOCK_EIP] = PAGE << 12;
      i32[LEFT] = 2;
      interpret(START);
    }
  }
  u8.set(contents, RAM + (PAGE << 12));
  code.fill(0, 0, LINKED + WORDS);
  blocks.useTier(NO_TIER);
}

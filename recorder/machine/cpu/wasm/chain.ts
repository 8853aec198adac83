import { RAM } from '../../layout.ts';
import { BLOCK_EIP, ESP, LATCH_PAGE, LATCH_PHYSICAL, LEFT as LEFT_WORD } from '../state.ts';
import * as wasm from './assembler.ts';
import { Assembler, I32, type Label } from './assembler.ts';
import { loadSlot } from './emit-memory.ts';
import { ENTRY_NUMBER, FOLD, FUNCTION, KEY, keyMarks, NEED, SLOT_BYTES, SLOTS } from './entry-table.ts';
import { localOf, PARAMETERS, STATE_WORDS } from './locals.ts';
import { REGION_TYPE } from './module.ts';

/** Returned by compiled code if the interpreter must look up the block at BLOCK_EIP. */
export const LOOK_UP = 0;

/** Parameters: as those of a region, but for the first, which is the EIP to go on at. */
const [NEXT, LEFT, PAGE] = [0, 1, 2];
const KEY_OF_NEXT = PARAMETERS;
const FRAME = PARAMETERS + 1;
const SLOT = PARAMETERS + 2;
export const CHAIN_LOCALS = 3;

/**
 * The function that leaves a region for another EIP: continues in compiled code there, if it exists and the MMU is not needed for the
 * fetch; otherwise stores the state in CPU_STATE, and the dispatcher looks up the block.
 */
export function chainBody(user: boolean, fetchFunction: number): Assembler {
  const asm = new Assembler();
  const none: Label = {};
  asm.block(none, () => {
    // At the end of a run, no instruction is fetched.
    asm.get(LEFT);
    asm.op(wasm.I32_EQZ);
    asm.branchIf(none);
    frameOfNext(asm, user ? 4 : 1, fetchFunction, none);
    asm.tee(FRAME);
    asm.get(NEXT);
    asm.constant(0xfff);
    asm.op(wasm.I32_AND, wasm.I32_OR);
    asm.constant(keyMarks(user));
    asm.op(wasm.I32_OR);
    asm.tee(KEY_OF_NEXT);
    asm.get(KEY_OF_NEXT);
    asm.constant(FOLD);
    asm.op(wasm.I32_SHR_U, wasm.I32_XOR);
    asm.constant(SLOTS - 1);
    asm.op(wasm.I32_AND);
    asm.constant(Math.log2(SLOT_BYTES));
    asm.op(wasm.I32_SHL);
    asm.tee(SLOT);
    asm.memory(wasm.I32_LOAD, KEY, 2);
    asm.get(KEY_OF_NEXT);
    asm.op(wasm.I32_NE);
    asm.branchIf(none);
    asm.get(SLOT);
    asm.memory(wasm.I32_LOAD, NEED, 2);
    asm.get(LEFT);
    asm.op(wasm.I32_GT_S);
    asm.branchIf(none);
    goOn(asm);
  });
  storeState(asm, LEFT, () => asm.get(NEXT));
  asm.constant(LOOK_UP);
  return asm;
}

/** Physical address of the frame that NEXT is in: that of the page latched, one that the fast path may read, or one fetched from. */
function frameOfNext(asm: Assembler, canRead: number, fetchFunction: number, none: Label): void {
  asm.get(NEXT);
  asm.get(PAGE);
  asm.op(wasm.I32_XOR);
  asm.constant(12);
  asm.op(wasm.I32_SHR_U);
  asm.when(
    () => {
      loadSlot(asm, NEXT);
      asm.tee(SLOT);
      asm.constant(canRead);
      asm.op(wasm.I32_AND);
      asm.when(
        () => {
          asm.get(SLOT);
          asm.constant(-4096);
          asm.op(wasm.I32_AND);
          asm.constant(RAM);
          asm.op(wasm.I32_SUB);
        },
        () => {
          asm.storeWord(ESP, () => asm.get(localOf(ESP)!));
          asm.get(NEXT);
          asm.get(LEFT);
          asm.call(fetchFunction);
          asm.tee(SLOT);
          asm.constant(0);
          asm.op(wasm.I32_LT_S);
          asm.branchIf(none);
          asm.get(SLOT);
        },
        I32,
      );
    },
    () => asm.loadWord(LATCH_PHYSICAL),
    I32,
  );
}

/** The fetch latch, and the call, by the slot of the entry table. */
function goOn(asm: Assembler): void {
  asm.storeWord(LATCH_PAGE, () => {
    asm.get(NEXT);
    asm.constant(12);
    asm.op(wasm.I32_SHR_U);
  });
  asm.storeWord(LATCH_PHYSICAL, () => asm.get(FRAME));
  asm.get(SLOT);
  asm.memory(wasm.I32_LOAD, ENTRY_NUMBER, 2);
  asm.get(LEFT);
  asm.get(NEXT);
  asm.constant(-4096);
  asm.op(wasm.I32_AND);
  for (const word of STATE_WORDS) asm.get(localOf(word)!);
  asm.get(SLOT);
  asm.memory(wasm.I32_LOAD, FUNCTION, 2);
  asm.returnCallIndirect(REGION_TYPE);
}

/** Writes what compiled code keeps in locals to CPU_STATE. */
export function storeState(asm: Assembler, left: number, eip: () => void): void {
  for (const word of STATE_WORDS) asm.storeWord(word, () => asm.get(localOf(word)!));
  asm.storeWord(LEFT_WORD, () => asm.get(left));
  asm.storeWord(BLOCK_EIP, eip);
}

import type { Instruction } from '../decode/decoder.ts';
import { ADDRESS, CS, EAX, EDI, ESI, FS, SS, TEMP, ZERO } from '../state.ts';
import { MICRO } from './micro-ops.ts';
import type { Emitter } from './translate.ts';

/** Single iterations of string instructions as micro-ops, in flat code. */

const M = MICRO;
const LOADS = { 1: M.LOAD8, 2: M.LOAD_ZX16, 4: M.LOAD_B } as const;
const STORES = { 1: M.STORE8, 2: M.STORE16, 4: M.STORE_B } as const;
const COMPARISONS = { 1: M.CMP8, 2: M.CMP16, 4: M.CMP } as const;

/** False for a repeated one, or one with another segment or 16-bit addresses, which is left to its handler. */
export function translateString(out: Emitter, insn: Instruction): boolean {
  const { mnemonic, operands, repeat, addressSize, override } = insn;
  if (repeat !== 0 || addressSize !== 4 || override === CS || override === SS || override >= FS) return false;
  const size = operands[operands.length - 1].size as 1 | 2 | 4;
  // Byte registers are bytes of the words.
  const place = (word: number) => (size === 1 ? word * 4 : word);
  const load = (to: number, from: number) => out.emit(LOADS[size], place(to), from, ZERO);
  const store = (from: number) => out.emit(STORES[size], place(from), EDI, ZERO);
  const step = (...pointers: number[]) => {
    for (const pointer of pointers) out.emit(M.STEP_POINTER, pointer, 0, 0, 0, 0, size);
  };
  switch (mnemonic) {
    case 'movs':
      load(TEMP, ESI);
      store(TEMP);
      step(ESI, EDI);
      return true;
    case 'stos':
      store(EAX);
      step(EDI);
      return true;
    case 'lods':
      load(size === 2 ? TEMP : EAX, ESI);
      if (size === 2) out.emit(M.MOV16, EAX, TEMP);
      step(ESI);
      return true;
    case 'scas':
      load(TEMP, EDI);
      out.emit(COMPARISONS[size], place(EAX), place(TEMP));
      step(EDI);
      return true;
    case 'cmps':
      load(TEMP, ESI);
      load(ADDRESS, EDI);
      out.emit(COMPARISONS[size], place(TEMP), place(ADDRESS));
      step(ESI, EDI);
      return true;
    default:
      return false;
  }
}

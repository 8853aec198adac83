import { GENERAL_REGISTERS } from '../../../../schemas/registers.ts';
import { ADDRESS, EAX, EDI, FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT, TARGET, TEMP } from '../state.ts';

/**
 * Parameters of a compiled function: which of its entries, instructions left, EIP of the page's first byte; then what of CPU_STATE is
 * kept in locals. Whoever calls it hands all of it over in locals, so that a transfer to other compiled code stores nothing.
 */
export const ENTRY = 0;
export const LEFT = 1;
export const PAGE = 2;
/** Words of CPU_STATE that are parameters, from this one on. */
const FIRST_STATE = 3;
export const STATE_WORDS: readonly number[] = [
  ...Array.from({ length: EDI - EAX + 1 }, (_, n) => EAX + n),
  FLAG_KIND,
  FLAG_RESULT,
  FLAG_A,
  FLAG_B,
];
export const PARAMETERS = FIRST_STATE + STATE_WORDS.length;

/** Scratch locals, unused between instructions. */
const SCRATCH_WORDS = [TEMP, ADDRESS, TARGET];
const FIRST_OWN = PARAMETERS + SCRATCH_WORDS.length;
/** Offset of the current block in its page; the EIP to go on at; the slot and the place in memory of an access. */
export const OFFSET = FIRST_OWN;
export const NEXT = FIRST_OWN + 1;
export const SLOT = FIRST_OWN + 2;
export const PLACE_IN_MEMORY = FIRST_OWN + 3;
/** Which entry of a loop of several to go to. */
export const DISPATCH = FIRST_OWN + 4;
/** Names of a micro-op's meaning. */
const NAMES = ['lin', 'v', 'a', 'b', 'c', 'n', 'o', 'off', 'seg', 'mask', 'count', 'target', 'flags'];
const FIRST_NAME = FIRST_OWN + 5;
export const LOCALS = FIRST_NAME + NAMES.length;

const places = new Map<number, number>([
  ...STATE_WORDS.map((word, n) => [word, FIRST_STATE + n] as const),
  ...SCRATCH_WORDS.map((word, n) => [word, PARAMETERS + n] as const),
]);

/** The local that holds a word of CPU_STATE; undefined where it stays in memory. */
export const localOf = (word: number): number | undefined => places.get(word);

const NAMES_OF_LOCALS = [
  ...['entry', 'left', 'page', ...GENERAL_REGISTERS, 'flag_kind', 'flag_result', 'flag_a', 'flag_b'],
  ...['temp', 'address', 'branch_target', 'offset', 'next', 'slot', 'place', 'dispatch', ...NAMES],
];
/** The name of a local, for display. */
export const nameOfLocal = (local: number): string => NAMES_OF_LOCALS[local];

export function localOfName(name: string): number {
  const at = NAMES.indexOf(name);
  if (at < 0) throw new Error(`no local for ${name}`);
  return FIRST_NAME + at;
}

/** Bounds of the system calls in a guest profile. */

/** Maximum number of system calls, and of characters in a name. */
const MAX_NAMES = 4096;
const NAME = /^\w{1,64}$/;
const isVector = (vector: unknown): vector is number =>
  Number.isInteger(vector) && (vector as number) >= 0 && (vector as number) < 256;

const isSelector = (selector: unknown): boolean =>
  Number.isInteger(selector) && (selector as number) >= 4 && (selector as number) < 0x10000;

/** The error in the field; undefined if it is valid. */
export function systemCallsError(calls: unknown): string | undefined {
  if (typeof calls !== 'object' || calls === null) return '"systemCalls" is not an object';
  const { vector, selector, arguments: by, names } = calls as Record<string, unknown>;
  if (vector !== undefined && !isVector(vector)) return '"systemCalls.vector" is not a vector (0-255)';
  if (selector !== undefined && !isSelector(selector))
    return '"systemCalls.selector" is not the selector of a call gate (4-65535)';
  if (by !== undefined && by !== 'stack' && by !== 'registers')
    return '"systemCalls.arguments" is neither "stack" nor "registers"';
  const entries = typeof names === 'object' && names !== null ? Object.entries(names) : undefined;
  const good = entries?.every(
    ([number, name]) => /^\d{1,9}$/.test(number) && typeof name === 'string' && NAME.test(name),
  );
  if (!entries || !good || entries.length > MAX_NAMES)
    return '"systemCalls.names" is not an object of names by number, as {"1": "exit"}';
  return undefined;
}

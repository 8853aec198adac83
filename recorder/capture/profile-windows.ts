import { BadInput } from '../../schemas/bad-input.ts';
import { meant } from '../../schemas/nearest.ts';
import { MAX_WINDOW_NAME, MAX_WINDOW_PAGES, MAX_WINDOWS } from '../../schemas/trace/limits.ts';
import type { ResolvedProfile, WindowLayout } from '../machine/config.ts';

/**
 * A window in a profile: its name, and one of `linear`, `slot`, `fixmap`, `register` and `word`, which determine its kind.
 * docs/guest-profile.md describes each field.
 */
export interface ProfileWindow {
  readonly name: string;
  /** Linear address of its first page: a number, or SYMBOL or SYMBOL+OFFSET of the kernel. */
  readonly linear?: string | number;
  /** With `linear`: pages, 1 when absent. */
  readonly pages?: number;
  /** PDE slot, 0-1023. */
  readonly slot?: number;
  /** Linux: first and last index of fixmap slots, which go down from `top`. */
  readonly fixmap?: readonly [number, number];
  /** With `fixmap`: the address of index 0 (FIXADDR_TOP); FFFFF000 when absent. */
  readonly top?: string | number;
  readonly register?: 'cr3' | 'cr4';
  /** Linear address of a word, as `linear`. */
  readonly word?: string | number;
}

/** Fields that determine the kind, with the additional fields of each kind. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  linear: ['pages'],
  slot: [],
  fixmap: ['top'],
  register: [],
  word: [],
};
const FIELDS = ['name', ...Object.entries(KINDS).flat(2)];

type Wrong = (what: string) => never;
/** Finds a symbol's linear address. */
type SymbolLookup = (name: string) => number | undefined;
export type ResolvedWindow = WindowLayout & { readonly name: string };

const FIXADDR_TOP = 0xfffff000;
const ADDRESS_END = 2 ** 32;

/** Throws BadInput for invalid `windows`; `where` names the profile. */
export function checkWindows(windows: unknown, where: string): void {
  const wrong: Wrong = (what) => {
    throw new BadInput(`${where}: ${what}`, 'docs/guest-profile.md, Windows, has the fields and examples');
  };
  if (!Array.isArray(windows)) wrong('"windows" is not a list');
  if (windows.length > MAX_WINDOWS) wrong(`"windows" has ${windows.length} windows; ${MAX_WINDOWS} at most`);
  const names = new Set(['alternate']);
  for (const [n, window] of windows.entries()) {
    checkWindow(window, `windows[${n}]`, wrong);
    const { name } = window as ProfileWindow;
    if (names.has(name)) wrong(`windows[${n}]: the name "${name}" is taken`);
    names.add(name);
  }
}

function checkWindow(window: unknown, place: string, wrong: Wrong): void {
  if (typeof window !== 'object' || window === null || Array.isArray(window))
    wrong(`${place} is not an object`);
  const fields = window as Record<string, unknown>;
  const unknown = Object.keys(fields).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined)
    wrong(`${place}: unknown field ${JSON.stringify(unknown)}${meant(unknown, FIELDS)}`);
  const { name } = fields;
  if (typeof name !== 'string' || !/^[\w.:-]+$/.test(name) || name.length > MAX_WINDOW_NAME)
    wrong(`${place}: "name" is not 1 to ${MAX_WINDOW_NAME} letters, digits, - _ . or :`);
  const kinds = Object.keys(KINDS).filter((kind) => fields[kind] !== undefined);
  if (kinds.length !== 1) wrong(`${place}: it needs one of ${Object.keys(KINDS).join(', ')}`);
  const stray = Object.keys(fields).find((field) => !['name', kinds[0], ...KINDS[kinds[0]]].includes(field));
  if (stray !== undefined) wrong(`${place}: "${stray}" does not go with "${kinds[0]}"`);
  checkValues(fields, place, wrong);
}

function checkValues(
  { pages = 1, slot = 0, fixmap = [0, 0], register = 'cr3' }: Record<string, unknown>,
  place: string,
  wrong: Wrong,
): void {
  const isCount = (value: unknown, low: number, high: number): value is number =>
    Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
  if (!isCount(pages, 1, MAX_WINDOW_PAGES)) wrong(`${place}: "pages" is not 1 to ${MAX_WINDOW_PAGES}`);
  if (!isCount(slot, 0, 1023)) wrong(`${place}: "slot" is not a PDE slot (0-1023)`);
  if (register !== 'cr3' && register !== 'cr4') wrong(`${place}: "register" is neither cr3 nor cr4`);
  const [first, last, ...more] = Array.isArray(fixmap) ? fixmap : [];
  if (!isCount(first, 0, 0xfffff) || !isCount(last, first, first + MAX_WINDOW_PAGES - 1) || more.length > 0)
    wrong(`${place}: "fixmap" is not the first and last of ${MAX_WINDOW_PAGES} slots at most, as [3, 10]`);
}

/** Resolves the declared windows to addresses. The windows must not overlap each other, or the maps of page tables. */
export function resolveWindows(
  windows: readonly ProfileWindow[],
  { recursiveSlot, alternateSlot }: Pick<ResolvedProfile, 'recursiveSlot' | 'alternateSlot'>,
  symbol: SymbolLookup,
  where: string,
): ResolvedWindow[] {
  const resolved = windows.map((window) => resolveWindow(window, symbol, where));
  const taken = new Map<string, string>();
  const take = (thing: string, name: string): void => {
    const other = taken.get(thing);
    if (other !== undefined)
      throw new BadInput(`${where}: window "${name}" overlaps ${other}`, 'declare it once');
    taken.set(thing, `window "${name}"`);
  };
  if (recursiveSlot >= 0) takeSlot(recursiveSlot, (thing) => taken.set(thing, 'the recursive map'));
  if (alternateSlot >= 0) takeSlot(alternateSlot, (thing) => taken.set(thing, 'the alternate map'));
  for (const { name, kind, linear, pages } of resolved) {
    const vpn = linear >>> 12;
    if (kind === 'slot') takeSlot(linear >>> 22, (thing) => take(thing, name));
    else if (kind === 'pages') for (let page = vpn; page < vpn + pages; page++) take(`page ${page}`, name);
    else take(kind === 'word' ? `word ${linear}` : kind, name);
  }
  return resolved;
}

function takeSlot(slot: number, take: (thing: string) => void): void {
  for (let page = slot * 1024; page < (slot + 1) * 1024; page++) take(`page ${page}`);
}

function resolveWindow(window: ProfileWindow, symbol: SymbolLookup, where: string): ResolvedWindow {
  const { name, linear, pages = 1, slot, fixmap, top = FIXADDR_TOP, register, word } = window;
  const address = (text: string | number, field: string, step: number): number => {
    const found = typeof text === 'number' ? text : placeOf(text, symbol);
    if (found === undefined)
      throw new BadInput(
        `${where}: window "${name}": the kernel has no symbol "${text}"`,
        'write the linear address, or give a kernel with a symbol table',
      );
    if (Number.isInteger(found) && found >= 0 && found < ADDRESS_END && found % step === 0) return found;
    throw new BadInput(
      `${where}: window "${name}": "${field}" ${text} is not a linear address on a ${step}-byte boundary`,
    );
  };
  if (register !== undefined) return { name, kind: register, linear: 0, pages: 0 };
  if (slot !== undefined) return { name, kind: 'slot', linear: slot * 2 ** 22, pages: 0 };
  if (word !== undefined) return { name, kind: 'word', linear: address(word, 'word', 4), pages: 0 };
  if (linear !== undefined)
    return inMemory({ name, kind: 'pages', linear: address(linear, 'linear', 4096), pages });
  const [first, last] = fixmap as readonly [number, number];
  const lowest = address(top, 'top', 4096) - last * 4096;
  return inMemory({ name, kind: 'pages', linear: lowest, pages: last - first + 1 });

  function inMemory(found: ResolvedWindow): ResolvedWindow {
    if (found.linear >= 0 && found.linear + found.pages * 4096 <= ADDRESS_END) return found;
    throw new BadInput(`${where}: window "${name}" reaches beyond the 4 GB of linear addresses`);
  }
}

/** The address that a number, decimal or 0x hexadecimal, or `SYMBOL` or `SYMBOL+OFFSET` names. */
export function placeOf(text: string, symbol: SymbolLookup): number | undefined {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text)) return Number(text);
  const [, name, offset = '0'] = /^(.*?)(?:\+(\d+|0x[0-9a-f]+))?$/i.exec(text) as RegExpExecArray;
  const address = symbol(name);
  return address === undefined ? undefined : address + Number(offset);
}

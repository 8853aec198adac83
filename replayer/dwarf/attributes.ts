import { ByteReader } from './byte-reader.ts';
import { AT, type Die } from './entries.ts';
import { FORM, type Value } from './forms.ts';

/** Attributes of an entry, with indices, offsets of strings and lists followed (DWARF 5, 7.5.5). */

/** Addresses from `start` up to, not including, `end`. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

const readerOf = (die: Die, section: string, at: number): ByteReader | undefined => {
  const bytes = die.unit.sections.get(section);
  return bytes && at < bytes.length ? new ByteReader(bytes, at) : undefined;
};

/** A base offset from the unit's own entry: the begin of its part of a section; the default is after a header of 8 bytes. */
function baseOf(die: Die, attribute: number, header = 8): number {
  const value = die.unit.root.attributes.get(attribute)?.value;
  return typeof value === 'number' ? value : header;
}

export function numberOf(die: Die, attribute: number): number | undefined {
  const found = die.attributes.get(attribute);
  if (typeof found?.value !== 'number') return undefined;
  return found.form === FORM.addrx ? indexedAddress(die, found.value) : found.value;
}

const indexedAddress = (die: Die, index: number): number | undefined =>
  readerOf(die, '.debug_addr', baseOf(die, AT.addressBase) + 4 * index)?.u32();

/** Characters that cost one step of work. */
const STEP_OF_TEXT = 8;

export function textOf(die: Die, attribute: number): string | undefined {
  const text = readText(die, attribute);
  die.unit.work.spend(1 + (text?.length ?? 0) / STEP_OF_TEXT);
  return text;
}

function readText(die: Die, attribute: number): string | undefined {
  const found = die.attributes.get(attribute);
  if (typeof found?.value === 'string') return found.value;
  if (typeof found?.value !== 'number') return undefined;
  if (found.form === FORM.lineStrp) return readerOf(die, '.debug_line_str', found.value)?.text();
  const at =
    found.form === FORM.strx
      ? readerOf(die, '.debug_str_offsets', baseOf(die, AT.stringOffsetsBase) + 4 * found.value)?.u32()
      : found.value;
  return at === undefined ? undefined : readerOf(die, '.debug_str', at)?.text();
}

/** The entry that an attribute refers to, if it is in the same unit. */
export function entryOf(die: Die, attribute: number): Die | undefined {
  const found = die.attributes.get(attribute);
  return found?.form === FORM.refAddr ? die.unit.entry(found.value as number) : undefined;
}

/** The entry from which an instance was made, which has its name and type. */
export function withOrigin<Found>(die: Die, look: (die: Die) => Found | undefined): Found | undefined {
  let entry: Die | undefined = die;
  for (let depth = 0; entry && depth < 8; depth++) {
    const found = look(entry);
    if (found !== undefined) return found;
    entry = entryOf(entry, AT.abstractOrigin) ?? entryOf(entry, AT.specification);
  }
  return undefined;
}

export const nameOf = (die: Die): string | undefined => withOrigin(die, (entry) => textOf(entry, AT.name));

/** The code ranges of an entry; none for a declaration. */
export function rangesOf(die: Die): AddressRange[] {
  const start = numberOf(die, AT.lowPc);
  const high = die.attributes.get(AT.highPc);
  if (start !== undefined && high) {
    const end = numberOf(die, AT.highPc) ?? start;
    // An address, or since version 4 the length.
    const isAddress = high.form === FORM.addr || high.form === FORM.addrx;
    return [{ start, end: isAddress ? end : start + end }];
  }
  const ranges = die.attributes.get(AT.ranges);
  if (typeof ranges?.value !== 'number') return [];
  const list = {
    die,
    index: ranges,
    base: AT.rangeListsBase,
    current: '.debug_rnglists',
    old: '.debug_ranges',
  };
  return [...listEntries(list)].map(({ start: from, end }) => ({ start: from, end }));
}

/** The location expression of an attribute, for code at `pc`. */
export function expressionOf(die: Die, attribute: number, pc: number): Uint8Array | undefined {
  const found = die.attributes.get(attribute);
  if (found?.value instanceof Uint8Array) return found.value;
  if (typeof found?.value !== 'number') return undefined;
  const list = {
    die,
    index: found,
    base: AT.locationListsBase,
    current: '.debug_loclists',
    old: '.debug_loc',
  };
  let fallback: Uint8Array | undefined;
  for (const { start, end, expression, isDefault } of listEntries(list, true)) {
    if (isDefault) fallback = expression;
    else if (start <= pc && pc < end) return expression;
  }
  return fallback;
}

interface List {
  readonly die: Die;
  readonly index: Value;
  readonly base: number;
  /** The section of version 5, and of earlier versions. */
  readonly current: string;
  readonly old: string;
}

interface ListEntry extends AddressRange {
  readonly expression: Uint8Array;
  readonly isDefault?: boolean;
}

const NOTHING: Uint8Array = new Uint8Array();

/** Steps of work per entry of a list. */
const LISTED = 5;

/** The entries of a range list (7.25), or of a location list (7.7.3), whose entries have an expression each. */
function* listEntries(list: List, located = false): Generator<ListEntry> {
  const { die, index } = list;
  if (die.unit.version < 5) {
    yield* oldEntries(list, located);
    return;
  }
  let at = index.value as number;
  if (index.form === FORM.loclistx || index.form === FORM.rnglistx) {
    const base = baseOf(die, list.base, 12);
    at = base + (readerOf(die, list.current, base + 4 * at)?.u32() ?? 0);
  }
  const reader = readerOf(die, list.current, at);
  let base = numberOf(die.unit.root, AT.lowPc) ?? 0;
  const address = () => indexedAddress(die, reader?.uleb() ?? 0) ?? 0;
  const expression = () => (located && reader ? reader.block(reader.uleb()) : NOTHING);
  while (reader && reader.left > 0) {
    die.unit.work.spend(LISTED);
    // Range lists have no default entry, so their later kinds are one less.
    const code = reader.u8();
    const kind = located || code < 5 ? code : code + 1;
    switch (kind) {
      case 0:
        return;
      case 1:
        base = address();
        break;
      case 2: {
        const [start, end] = [address(), address()];
        yield { start, end, expression: expression() };
        break;
      }
      case 3: {
        const start = address();
        const end = start + reader.uleb();
        yield { start, end, expression: expression() };
        break;
      }
      case 4: {
        const [start, end] = [base + reader.uleb(), base + reader.uleb()];
        yield { start, end, expression: expression() };
        break;
      }
      case 5:
        yield { start: 0, end: 0, expression: expression(), isDefault: true };
        break;
      case 6:
        base = reader.u32();
        break;
      case 7: {
        const [start, end] = [reader.u32(), reader.u32()];
        yield { start, end, expression: expression() };
        break;
      }
      case 8: {
        const start = reader.u32();
        const end = start + reader.uleb();
        yield { start, end, expression: expression() };
        break;
      }
      default:
        return;
    }
  }
}

/** DWARF 4, 2.6.2 and 2.17.3. */
function* oldEntries({ die, index, old }: List, located: boolean): Generator<ListEntry> {
  const reader = readerOf(die, old, index.value as number);
  let base = numberOf(die.unit.root, AT.lowPc) ?? 0;
  while (reader && reader.left >= 8) {
    die.unit.work.spend(LISTED);
    const [start, end] = [reader.u32(), reader.u32()];
    if (start === 0 && end === 0) return;
    if (start === 0xffffffff) {
      base = end;
      continue;
    }
    const expression = located ? reader.block(reader.u16()) : NOTHING;
    yield { start: base + start, end: base + end, expression };
  }
}

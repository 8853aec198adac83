import { type AddressRange, expressionOf, nameOf, numberOf, rangesOf } from './attributes.ts';
import { type Abbreviations, AT, type Die, readAbbreviations, TAG, Unit } from './entries.ts';
import type { Sections } from './sections.ts';
import { understood, Work } from './work.ts';

/** Functions, variables and types of a program: `.debug_info`. */

/** A variable or parameter in scope. */
export interface Variable {
  readonly name: string;
  readonly isParameter: boolean;
  readonly die: Die;
}

/** A function at an address, either called or inlined. */
export interface Scope {
  readonly functionName: string | undefined;
  /** The frame base for DW_OP_fbreg, from the function that was called. */
  readonly frameBase: Uint8Array | undefined;
  /** Innermost block first; inner names hide outer ones. */
  readonly variables: readonly Variable[];
  /** First address of its code. */
  readonly start: number;
  /** Line from which it was inlined; undefined for the function that was called. */
  readonly inlinedAt: number | undefined;
}

/** In a larger section, globals of other units are not searched, since that would need reading all of it. */
const SEARCHED_BYTES = 1 << 24;
/** Limits on nested inlined functions and on globals: more than a program has. */
const MAX_INLINED = 64;
const MAX_GLOBALS = 200_000;
/** Maximum total of entries and attributes kept in memory for all units. */
const MAX_KEPT = 3_000_000;
/** Maximum total of attributes in abbreviation tables, a few dozen bytes each. */
const MAX_ABBREVIATED = 1_000_000;

/** Functions, variables and types in .debug_info of DWARF 2 to 5 (DWARF 5, chapters 2 to 5). */
export class DebugInfo {
  /** The budget of one answer; `begin` starts a new one. */
  private readonly work = new Work();
  private readonly units: readonly Unit[];
  /** Units whose entries are in memory, least recently used first. */
  private readonly read = new Set<Unit>();
  private readonly searchable: boolean;
  /** The units by their code ranges. */
  private code: readonly { readonly unit: Unit; readonly ranges: readonly AddressRange[] }[] | undefined;
  private globals: ReadonlyMap<string, Die> | undefined;

  constructor(sections: Sections) {
    const info = sections.get('.debug_info');
    const abbreviations = sections.get('.debug_abbrev');
    const units =
      info && abbreviations ? understood(() => [...readUnits(sections, info, abbreviations, this.work)]) : [];
    this.units = units ?? [];
    this.searchable = (info?.length ?? 0) <= SEARCHED_BYTES;
  }

  /** Starts a new cost budget, for all reads up to the next call. */
  begin(): void {
    this.work.begin();
  }

  /** The functions that contain `pc`, innermost first, ending with the one that was called; none if unknown. */
  scopesAt(pc: number): Scope[] {
    return understood(() => this.scopes(pc)) ?? [];
  }

  /** A global variable, preferring the unit of `pc`. */
  global(name: string, pc: number): Die | undefined {
    return understood(() => this.findGlobal(name, pc));
  }

  private scopes(pc: number): Scope[] {
    const unit = this.unitAt(pc);
    const path: Die[] = [];
    let entry: Die | undefined = unit && this.entriesOf(unit);
    while (entry && path.length < MAX_INLINED) {
      path.push(entry);
      entry = entry.children.find((child) => CODE.has(child.tag) && holds(child, pc));
    }
    const called = path.findLastIndex(({ tag }) => tag === TAG.subprogram);
    if (called < 0) return [];
    const frameBase = expressionOf(path[called], AT.frameBase, pc);
    const scopes: Scope[] = [];
    let blocks: Die[] = [];
    for (const die of path.slice(called).reverse()) {
      blocks.push(die);
      if (die.tag === TAG.lexicalBlock) continue;
      scopes.push({
        functionName: nameOf(die),
        frameBase,
        variables: variablesOf(blocks),
        start: rangesOf(die)[0]?.start ?? pc,
        inlinedAt: die.tag === TAG.inlinedSubroutine ? numberOf(die, AT.callLine) : undefined,
      });
      blocks = [];
    }
    return scopes;
  }

  private findGlobal(name: string, pc: number): Die | undefined {
    const own = this.unitAt(pc);
    const near = own && globalsOf(this.entriesOf(own)).find((die) => nameOf(die) === name);
    if (near || !this.searchable) return near;
    this.globals ??= this.allGlobals();
    return this.globals.get(name);
  }

  private allGlobals(): ReadonlyMap<string, Die> {
    const found = new Map<string, Die>();
    for (const unit of this.units) {
      const globals = understood(() => globalsOf(this.entriesOf(unit))) ?? [];
      for (const die of globals) {
        if (found.size < MAX_GLOBALS) found.set(understood(() => nameOf(die)) ?? '', die);
      }
    }
    return found;
  }

  /** All entries of a unit; evicts the entries of units not used lately. */
  private entriesOf(unit: Unit): Die {
    this.read.delete(unit);
    this.read.add(unit);
    const { entries } = unit;
    let kept = [...this.read].reduce((sum, one) => sum + one.kept, 0);
    for (const old of this.read) {
      if (kept <= MAX_KEPT || old === unit) break;
      kept -= old.kept;
      old.forget();
      this.read.delete(old);
    }
    return entries;
  }

  private unitAt(pc: number): Unit | undefined {
    this.code ??= this.units.map((unit) => ({ unit, ranges: understood(() => rangesOf(unit.root)) ?? [] }));
    return this.code.find(({ ranges }) => within(ranges, pc))?.unit;
  }
}

/** Nested blocks, innermost first. */
function variablesOf(blocks: readonly Die[]): Variable[] {
  const found = new Map<string, Variable>();
  for (const die of blocks.flatMap(({ children }) => children)) {
    if (die.tag !== TAG.variable && die.tag !== TAG.formalParameter) continue;
    const name = nameOf(die);
    if (name !== undefined && !found.has(name))
      found.set(name, { name, isParameter: die.tag === TAG.formalParameter, die });
  }
  return [...found.values()];
}

/** The entries that contain an address. */
const CODE: ReadonlySet<number> = new Set([TAG.subprogram, TAG.lexicalBlock, TAG.inlinedSubroutine]);

const within = (ranges: readonly AddressRange[], pc: number): boolean =>
  ranges.some(({ start, end }) => start <= pc && pc < end);

const holds = (die: Die, pc: number): boolean => within(rangesOf(die), pc);

/** Variables with a location, not declarations. */
const globalsOf = (entries: Die): Die[] =>
  entries.children.filter(
    (die) =>
      die.tag === TAG.variable &&
      numberOf(die, AT.declaration) === undefined &&
      die.attributes.has(AT.location),
  );

function* readUnits(
  sections: Sections,
  info: Uint8Array,
  abbreviations: Uint8Array,
  work: Work,
): Generator<Unit> {
  const tables = new Map<number, Abbreviations>();
  let kept = 0;
  const table = (offset: number) => {
    const known = tables.get(offset);
    if (known) return known;
    const found = readAbbreviations(abbreviations, offset, work);
    for (const { attributes } of found.values()) kept += 1 + attributes.length;
    if (kept > MAX_ABBREVIATED) {
      // Only a forged file has overlapping tables; they are read again.
      tables.clear();
      kept = 0;
    }
    tables.set(offset, found);
    return found;
  };
  for (let at = 0; at + 11 < info.length; ) {
    const length = new DataView(info.buffer, info.byteOffset + at).getUint32(0, true);
    // 32-bit programs do not use the 64-bit format (7.4).
    if (length >= 0xfffffff0 || at + 4 + length > info.length) return;
    const unit = understood(() => new Unit(sections, at, work, table));
    if (unit && unit.version >= 2 && unit.version <= 5) yield unit;
    at += 4 + length;
  }
}

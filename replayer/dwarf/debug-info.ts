import { type AddressRange, expressionOf, nameOf, numberOf, rangesOf } from './attributes.ts';
import { AT, type Die, readAbbreviations, TAG, Unit } from './entries.ts';
import type { Sections } from './sections.ts';

/** A variable or parameter that code can see. */
export interface Variable {
  readonly name: string;
  readonly isParameter: boolean;
  readonly die: Die;
}

/** A function at one address: one that was called, or one that was inlined into it. */
export interface Scope {
  readonly functionName: string | undefined;
  /** What DW_OP_fbreg counts from: of the function that was called. */
  readonly frameBase: Uint8Array | undefined;
  /** Innermost block first; each name once, as the language has it. */
  readonly variables: readonly Variable[];
  /** First address of its code. */
  readonly start: number;
  /** Line from which it was inlined; undefined for the function that was called. */
  readonly inlinedAt: number | undefined;
}

/** In a larger section globals of other units are not looked for: all of it would have to be read. */
const SEARCHED_BYTES = 1 << 24;

/** What the compiler tells of functions, variables and types: .debug_info of DWARF 2 to 5 (DWARF 5, chapters 2 to 5). */
export class DebugInfo {
  private readonly units: readonly Unit[];
  private readonly searchable: boolean;
  /** Which unit has which code. */
  private code: readonly { readonly unit: Unit; readonly ranges: readonly AddressRange[] }[] | undefined;
  private globals: ReadonlyMap<string, Die> | undefined;

  constructor(sections: Sections) {
    const info = sections.get('.debug_info');
    const abbreviations = sections.get('.debug_abbrev');
    const units =
      info && abbreviations ? understood(() => [...readUnits(sections, info, abbreviations)]) : [];
    this.units = units ?? [];
    this.searchable = (info?.length ?? 0) <= SEARCHED_BYTES;
  }

  /** The functions that code at `pc` is in, innermost first, the one that was called last; none where nothing is known. */
  scopesAt(pc: number): Scope[] {
    return understood(() => this.scopes(pc)) ?? [];
  }

  /** A variable outside of functions: of the unit of `pc` first. */
  global(name: string, pc: number): Die | undefined {
    return understood(() => this.findGlobal(name, pc));
  }

  private scopes(pc: number): Scope[] {
    const unit = this.unitAt(pc);
    const path: Die[] = [];
    let entry: Die | undefined = unit?.entries;
    while (entry) {
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
    const near = own && globalsOf(own).find((die) => nameOf(die) === name);
    if (near || !this.searchable) return near;
    this.globals ??= new Map(
      this.units.flatMap((unit) => globalsOf(unit).map((die) => [nameOf(die) ?? '', die] as const)),
    );
    return this.globals.get(name);
  }

  private unitAt(pc: number): Unit | undefined {
    this.code ??= this.units.map((unit) => ({ unit, ranges: understood(() => rangesOf(unit.root)) ?? [] }));
    return this.code.find(({ ranges }) => within(ranges, pc))?.unit;
  }
}

/** What a compiler of another kind wrote may not be understood here: then nothing is known. */
function understood<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Of blocks in each other, innermost first. */
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

/** Entries in which code lies. */
const CODE: ReadonlySet<number> = new Set([TAG.subprogram, TAG.lexicalBlock, TAG.inlinedSubroutine]);

const within = (ranges: readonly AddressRange[], pc: number): boolean =>
  ranges.some(({ start, end }) => start <= pc && pc < end);

const holds = (die: Die, pc: number): boolean => within(rangesOf(die), pc);

/** Those that are somewhere: no declarations. */
const globalsOf = (unit: Unit): Die[] =>
  unit.entries.children.filter(
    (die) =>
      die.tag === TAG.variable &&
      numberOf(die, AT.declaration) === undefined &&
      die.attributes.has(AT.location),
  );

function* readUnits(sections: Sections, info: Uint8Array, abbreviations: Uint8Array): Generator<Unit> {
  const tables = new Map<number, ReturnType<typeof readAbbreviations>>();
  const table = (offset: number) => {
    let found = tables.get(offset);
    if (!found) tables.set(offset, (found = readAbbreviations(abbreviations, offset)));
    return found;
  };
  for (let at = 0; at + 11 < info.length; ) {
    const length = new DataView(info.buffer, info.byteOffset + at).getUint32(0, true);
    // The 64-bit format (7.4) is not made for 32-bit programs.
    if (length >= 0xfffffff0 || at + 4 + length > info.length) return;
    const unit = new Unit(sections, at, table);
    if (unit.version >= 2 && unit.version <= 5) yield unit;
    at = unit.end;
  }
}

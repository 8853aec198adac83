import type { Slice } from './page-data.ts';

/** Messages between the server and its page, besides the facts of a run (page-data.ts). */

export interface ServedRun {
  readonly file: string;
  /** Stores were recorded. */
  readonly hasStores: boolean;
}

/** Names that SQL may use, for completion. */
export interface Catalogue {
  readonly relations: readonly CatalogueRelation[];
  readonly functions: readonly CatalogueFunction[];
  readonly queries: readonly CatalogueQuery[];
  /** Of the guests' kernels. */
  readonly symbols: readonly CatalogueSymbol[];
  /** SQL to begin with. */
  readonly first: string;
}

export interface Named {
  readonly name: string;
  readonly doc: string;
}

export interface CatalogueRelation extends Named {
  readonly columns: readonly Named[];
}

export interface CatalogueFunction extends Named {
  readonly parameters: readonly string[];
}

export interface CatalogueQuery extends Named {
  readonly parameters: readonly Named[];
  readonly sql: string;
}

export interface CatalogueSymbol {
  readonly name: string;
  /** Linear, as SQL takes it: 0xf0101234. */
  readonly address: string;
}

/** A stretch of the run, icounts. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface SavedQuery {
  readonly name: string;
  readonly sql: string;
}

/** A place of a run that somebody wants to find again. `to` is `from` where it is one instant. */
export interface Bookmark extends Range {
  readonly label: string;
}

export interface Notes {
  readonly queries: readonly SavedQuery[];
  /** By run. */
  readonly bookmarks: readonly (readonly Bookmark[])[];
}

/** A gdb server that waits at an icount. */
export interface DebugServer {
  readonly id: number;
  readonly run: number;
  readonly icount: number;
  /** The gdb command that connects to it. */
  readonly command: string;
}

export interface FirstDifference {
  /** Kind of the event; 'input' for an input. */
  readonly kind: string;
  readonly icount: number;
  /** In words; null where the trace has nothing more of that kind. */
  readonly first: string | null;
  readonly other: string | null;
}

/** By what a run differs from the first; null where it does not. */
export interface RunDifference {
  readonly event: FirstDifference | null;
  readonly input: FirstDifference | null;
  /** Kinds that one of them alone records: not compared. */
  readonly onlyOne: readonly string[];
}

/** A view of the timeline, finer than the page's own facts. Icounts. */
export interface Viewport extends Range {
  /** Events are counted in parts of so many instructions, the first of them at `first`. */
  readonly part: number;
  readonly first: number;
  readonly events: readonly { readonly track: string; readonly counts: readonly number[] }[];
  readonly slices: readonly { readonly track: string; readonly slices: readonly Slice[] }[];
}

export interface Question {
  readonly sql: string;
  /** The selection: the view current_range. */
  readonly range?: Range | undefined;
}

export type Value = string | number | boolean | null;

export interface ResultColumn {
  readonly name: string;
  /** As DuckDB calls it. */
  readonly type: string;
}

export interface Result {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly Value[])[];
  /** False: there are more rows, or longer texts, than are here. */
  readonly isWhole: boolean;
  readonly milliseconds: number;
}

export interface Refusal {
  readonly error: string;
  readonly next?: string;
  /** Place in the SQL, from 1. */
  readonly line?: number;
  readonly column?: number;
}

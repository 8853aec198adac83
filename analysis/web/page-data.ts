/** The facts that a report page shows: made by analysis/report, drawn by this folder. All texts are as the trace has them: shown as text, never as HTML. */

/** Code, by its symbol and source line. */
export interface Place {
  /** function+offset, or the address. */
  readonly name: string;
  /** Path and line of the source, where the kernel's DWARF has them. */
  readonly source?: string;
}

/** The causes of an event, as far as its row tells them. */
interface Caused {
  /** The code that did it: index into `places`. */
  readonly code?: number;
  /** The interrupt that it happened in: `id` of one of `frames`, which may not be in the page. */
  readonly inside?: number;
}

/** A stretch of the run on a track. Icounts; `to` is exclusive. */
export interface Slice extends Caused {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** More lines for whoever points at it. */
  readonly detail?: string;
  /** Row inside the track, from 0. */
  readonly lane?: number;
  /** Drawn as what should not be. */
  readonly wrong?: boolean;
  /** The stack, innermost frame first: index into `stacks`. */
  readonly stack?: number;
}

/** Something at one icount. */
export interface Mark extends Caused {
  readonly at: number;
  readonly label: string;
  readonly detail?: string;
  readonly severity?: 'error' | 'warning';
  /** Of a page fault: the directory and the linear address, by which the page finds who wrote the entry last. */
  readonly directory?: number;
  readonly linear?: number;
  /** Of a write to a page-table entry: its physical address. */
  readonly entry?: number;
}

/** Events by number in equal parts of a stretch. */
export interface Counts {
  /** Icount at which the first part begins. */
  readonly first: number;
  /** Instructions in a part. */
  readonly part: number;
  readonly counts: readonly number[];
}

/** Events by number: how many fell into each of the equal parts of the run. */
export interface Density {
  readonly kind: 'density';
  readonly name: string;
  readonly doc: string;
  readonly counts: readonly number[];
  /** Finer ones of a stretch, where a server has told them. */
  readonly fine?: Counts;
  /** The events themselves, as many as the page has. */
  readonly marks: readonly Mark[];
  /** `marks` has all events of the run; else those around the findings. */
  readonly whole: boolean;
}

export interface SliceTrack {
  readonly kind: 'slices';
  readonly name: string;
  readonly doc: string;
  readonly slices: readonly Slice[];
  /** Shorter ones were left out, so many. */
  readonly left: number;
  /** In words: why there is less than could be, and the way to more. */
  readonly missing?: string;
}

export interface MarkTrack {
  readonly kind: 'marks';
  readonly name: string;
  readonly doc: string;
  readonly marks: readonly Mark[];
  readonly left: number;
}

export type Track = SliceTrack | MarkTrack | Density;

/** An interrupt, hardware or software, from delivery to IRET. */
export interface Frame {
  readonly id: number;
  /** `id` of the frame that it interrupted; 0 = none. */
  readonly parent: number;
  readonly at: number;
  readonly to: number;
  /** IRQ or INT, and its handler. */
  readonly label: string;
  /** The code interrupted: index into `places`. */
  readonly code: number;
}

/** A write to an entry of a page directory or page table. */
export interface EntryWrite extends Caused {
  readonly at: number;
  /** Physical address of the entry, bytes. */
  readonly entry: number;
  readonly value: number;
  /** Physical address of the directory that the entry belonged to, and its slot there. */
  readonly directory: number;
  readonly slot: number;
  /** Store, accessed and dirty bits, DMA, adopted as a table, poke. */
  readonly source: string;
}

/** The page tables over a stretch of the run: as they were at its begin, and each write after. */
export interface PagingStretch {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly start: readonly EntryWrite[];
  readonly writes: readonly EntryWrite[];
}

/** A page directory while it was one process's. Icounts; `to` is exclusive. */
export interface DirectoryOwner {
  readonly directory: number;
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

/** One step of a hijack, in the lane of the code that made it. */
export interface Step {
  readonly at: number;
  readonly lane: 'base' | 'handler';
  readonly text: string;
  /** The value of the slot from here on; absent where the step does not change it. */
  readonly slot?: string;
  readonly wrong?: boolean;
}

/** An instruction that was executed, seen by executing the run again. */
export interface Instruction {
  readonly at: number;
  /** Index into `places`. */
  readonly code: number;
  /** In AT&T syntax. */
  readonly text: string;
  /** Interrupts that have come since the stretch began and not returned. */
  readonly depth: number;
  /** EFLAGS.IF is set. */
  readonly enabled: boolean;
  /** Index into `stacks`. */
  readonly stack: number;
}

export interface FindingFacts {
  readonly number: number;
  readonly title: string;
  readonly className: string;
  readonly severity: 'error' | 'warning';
  readonly from: number;
  readonly at: number;
  readonly summary: string;
  readonly commands: readonly string[];
  readonly steps: readonly Step[];
  /** From its begin to just after it; empty where the run was not executed again. */
  readonly instructions: readonly Instruction[];
}

/** One step of the story of the failure, which is told backwards. */
export interface StoryStep {
  readonly at: number;
  readonly text: string;
  /** The command that shows more. */
  readonly command: string;
}

export interface PageData {
  readonly file: string;
  /** Instructions retired. */
  readonly end: number;
  readonly instructionsPerSecond: number;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly verdict: string;
  /** The run was executed again, for windows that no profile declares, EFLAGS.IF, and instructions and stacks of the worst findings. */
  readonly executed: boolean;
  /** Debugs the trace; `--at ICOUNT` may follow. */
  readonly debugCommand: string;
  /** Stretches with every event, around the worst findings. */
  readonly near: readonly { readonly from: number; readonly to: number }[];
  readonly story: readonly StoryStep[];
  /** The worst first. */
  readonly findings: readonly FindingFacts[];
  /** Findings that are not in the page, and the command that lists them; absent where all are. */
  readonly more?: { readonly findings: number; readonly command: string };
  readonly tracks: readonly Track[];
  readonly places: readonly Place[];
  /** Each a line a frame, innermost first. */
  readonly stacks: readonly (readonly string[])[];
  readonly frames: readonly Frame[];
  readonly paging: readonly PagingStretch[];
  readonly owners: readonly DirectoryOwner[];
}

/** One step of a story that is told backwards. */
export interface Step {
  /** Instructions retired before what happened. */
  readonly icount: number;
  /** A word or two for the kind: `page fault`, `entry written`, `window switched`. */
  readonly what: string;
  /** function+offset; null where no code did it, or it is not known. */
  readonly code: string | null;
  /** Source file and line, where the kernel's DWARF has them. */
  readonly source: string | null;
  /** In AT&T syntax; null where it is not known. */
  readonly instruction: string | null;
  readonly process: string | null;
  /** Interrupt frames open, 0 = none; null where it is not known. */
  readonly depth: number | null;
  /** The event, and what it follows from: one line of plain English. */
  readonly because: string;
  /** The command that shows more, and its arguments after the trace's. */
  readonly next: readonly [command: string, ...arguments: string[]];
}

/** A step, of which what is not given is not known. */
export const step = (known: Pick<Step, 'icount' | 'what' | 'because'> & Partial<Step>): Step => ({
  code: null,
  source: null,
  instruction: null,
  process: null,
  depth: null,
  next: ['debug', '--at', String(known.icount)],
  ...known,
});

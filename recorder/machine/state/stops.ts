import type { Frame, Icount, Linear, Physical } from '../../../schemas/units.ts';

/** Stops that a debugger waits for, and positions in a run. */

/**
 * A position in a run: `icount` instructions have retired, followed by `deliveries` deliveries of interrupts or exceptions.
 * `Machine.run(icount)` stops at (icount, 0): devices and inputs due there have acted, but the interrupts that they requested have not
 * been delivered.
 */
export interface Position {
  readonly icount: Icount;
  readonly deliveries: number;
}

export const comparePositions = (a: Position, b: Position): number =>
  a.icount - b.icount || a.deliveries - b.deliveries;

/** Accesses to an inclusive range of addresses. */
export interface Watch {
  /** `linear` covers accesses by instructions, as debug registers would; `physical` also bus masters and A and D bits. */
  readonly space: 'linear' | 'physical';
  readonly first: number;
  readonly last: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** A stop that was hit, and the position at which the step began. */
export interface Hit {
  readonly position: Position;
  readonly kind: 'execute' | 'read' | 'write';
  /** Linear address of the instruction, or the address of the access in the watch's address space. */
  readonly address: number;
  readonly watch: Watch | null;
  /** True if a device made the access when the machine reached the position. */
  readonly byDevice: boolean;
}

/** Instructions, by linear address, before which code is called. */
export interface CodePoints {
  /** True if the page (linear page number) has any. */
  breaksIn(page: number): boolean;
  isBreakpoint(linear: Linear): boolean;
  /** Called before the instruction at `linear` executes; true to stop before it. */
  executes(linear: Linear): boolean;
}

/** Those of two. The second is not asked where the first stops: it is when the run continues. */
export const bothPoints = (first: CodePoints | null, second: CodePoints | null): CodePoints | null =>
  first === null || second === null
    ? (first ?? second)
    : {
        breaksIn: (page) => first.breaksIn(page) || second.breaksIn(page),
        isBreakpoint: (linear) => first.isBreakpoint(linear) || second.isBreakpoint(linear),
        executes: (linear) => first.executes(linear) || second.executes(linear),
      };

/** The machine's position, for Stops. */
export interface Clock {
  readonly icount: Icount;
  readonly deliveries?: number;
}

/**
 * The stops that a debugger waits for: instructions by linear address, and accesses. In `stop` mode the machine stops at the first:
 * before the instruction, or after the one that made the access. In `note` mode it continues, and the last hit is kept.
 * The machine withholds the fast path from watched pages and cuts blocks at breakpoints, so the rest runs at full speed.
 */
export class Stops implements CodePoints {
  hit: Hit | null = null;
  mode: 'stop' | 'note' = 'stop';
  /** The position at which the run was resumed, where breakpoints are ignored. */
  except: Position | null = null;
  /** Called for an access in `stop` mode; the current instruction becomes the last. */
  onStop: () => void = () => {};
  private readonly clock: Clock;
  private readonly breakpoints: ReadonlySet<Linear>;
  private readonly conditions: ReadonlyMap<number, () => boolean>;
  private readonly breakPages: ReadonlySet<number>;
  private readonly watches: readonly Watch[];
  private readonly linearPages: ReadonlySet<number>;
  private readonly frames: ReadonlySet<Frame>;
  /** True while devices act instead of the processor; maintained by the machine. */
  byDevice = false;

  /**
   * `breakpoints` are linear addresses (CS base + EIP), u32. A conditional breakpoint stops if its condition is true; the condition is
   * evaluated before the instruction and must not change the machine.
   */
  constructor(
    clock: Clock,
    breakpoints: Iterable<Linear>,
    watches: readonly Watch[],
    conditions: ReadonlyMap<number, () => boolean> = new Map(),
  ) {
    this.clock = clock;
    this.conditions = conditions;
    this.breakpoints = new Set([...breakpoints].map((address) => address >>> 0));
    this.breakPages = new Set([...this.breakpoints].map((address) => address >>> 12));
    this.watches = watches;
    const pagesOf = (space: Watch['space']) =>
      new Set(
        watches
          .filter((watch) => watch.space === space)
          .flatMap(({ first, last }) => range(first >>> 12, last >>> 12)),
      );
    this.linearPages = pagesOf('linear');
    this.frames = pagesOf('physical');
  }

  /** True if accesses to linear page `vpn`, mapped to `frame`, must be reported. */
  withholds(vpn: number, frame: Frame): boolean {
    return this.linearPages.has(vpn) || this.frames.has(frame);
  }

  breaksIn(page: number): boolean {
    return this.breakPages.has(page);
  }

  isBreakpoint(linear: Linear): boolean {
    return this.breakpoints.has(linear >>> 0);
  }

  /** Called before the instruction at `linear` executes; true to stop before it. */
  executes(linear: Linear): boolean {
    if (!this.breakpoints.has(linear >>> 0)) return false;
    const position = this.position();
    if (this.except && comparePositions(position, this.except) === 0) return false;
    if (this.conditions.get(linear >>> 0)?.() === false) return false;
    this.take({ position, kind: 'execute', address: linear >>> 0, watch: null, byDevice: false });
    return this.mode === 'stop';
  }

  /** Reports an access. Addresses may be int32; `linear` is -1 for a device or the page walk. */
  accesses(linear: Linear, physical: Physical, size: number, write: boolean, byProgram: boolean): void {
    for (const watch of this.watches) {
      if (!(write ? watch.writes : watch.reads)) continue;
      if (watch.space === 'linear' && !byProgram) continue;
      const address = (watch.space === 'linear' ? linear : physical) >>> 0;
      if (address > watch.last || address + size - 1 < watch.first) continue;
      const kind = write ? 'write' : 'read';
      this.take({ position: this.position(), kind, address, watch, byDevice: this.byDevice });
      if (this.mode === 'stop') this.onStop();
      return;
    }
  }

  private position(): Position {
    return { icount: this.clock.icount, deliveries: this.clock.deliveries ?? 0 };
  }

  /** Keeps the first hit in `stop` mode, the last in `note` mode. */
  private take(hit: Hit): void {
    if (this.mode === 'stop' && this.hit !== null) return;
    this.hit = hit;
  }
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

import type { Frame, Icount, Linear, Physical } from '../../../schemas/units.ts';

/** Stops that a debugger waits for, and positions in a run. */

/**
 * A place in a run: `icount` instructions have retired, and `deliveries` interrupts or exceptions have been delivered
 * since the last of them did. (icount, 0) is where `Machine.run(icount)` stops: devices and inputs due there have acted,
 * the interrupt that they asked for has not been taken.
 */
export interface Position {
  readonly icount: Icount;
  readonly deliveries: number;
}

export const comparePositions = (a: Position, b: Position): number =>
  a.icount - b.icount || a.deliveries - b.deliveries;

/** Accesses to an inclusive range of addresses. */
export interface Watch {
  /** `linear` sees what instructions do, as debug registers would; `physical` also bus masters and A and D bits. */
  readonly space: 'linear' | 'physical';
  readonly first: number;
  readonly last: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** A stop that was hit, and the position that the step began from. */
export interface Hit {
  readonly position: Position;
  readonly kind: 'execute' | 'read' | 'write';
  /** Linear address of the instruction, or, as the watch has it, of the access. */
  readonly address: number;
  readonly watch: Watch | null;
  /** A device made the access as the machine came to the position. */
  readonly byDevice: boolean;
}

/** Instructions, by linear address, before which somebody wants to look at the machine. */
export interface CodePoints {
  /** True if the page, a linear page number, has one. */
  breaksIn(page: number): boolean;
  isBreakpoint(linear: Linear): boolean;
  /** The instruction at `linear` is about to be executed: whether to stop before it. */
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

/** The machine's position, as Stops asks for it. */
interface Clock {
  readonly icount: Icount;
  readonly deliveries?: number;
}

/**
 * The stops that a debugger waits for: instructions by linear address, and accesses. In `stop` mode the machine stops at the first:
 * before the instruction, or after the one that made the access. In `note` mode it runs on, and the last hit is kept.
 * The machine withholds the fast path from watched pages and cuts blocks at breakpoints, so the rest runs at full speed.
 */
export class Stops implements CodePoints {
  hit: Hit | null = null;
  mode: 'stop' | 'note' = 'stop';
  /** Breakpoints do not count here: where the run was resumed. */
  except: Position | null = null;
  /** Called for an access in `stop` mode: the instruction is to be the last. */
  onStop: () => void = () => {};
  private readonly clock: Clock;
  private readonly breakpoints: ReadonlySet<Linear>;
  private readonly conditions: ReadonlyMap<number, () => boolean>;
  private readonly breakPages: ReadonlySet<number>;
  private readonly watches: readonly Watch[];
  private readonly linearPages: ReadonlySet<number>;
  private readonly frames: ReadonlySet<Frame>;
  /** Devices act, not the processor. Kept by the machine. */
  byDevice = false;

  /**
   * `breakpoints` are linear addresses (CS base + EIP), u32. One with a condition counts where that is true; a condition looks
   * at the machine before the instruction, and changes nothing.
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

  /** True if accesses to linear page `vpn`, which is in `frame`, must be seen. */
  withholds(vpn: number, frame: Frame): boolean {
    return this.linearPages.has(vpn) || this.frames.has(frame);
  }

  breaksIn(page: number): boolean {
    return this.breakPages.has(page);
  }

  isBreakpoint(linear: Linear): boolean {
    return this.breakpoints.has(linear >>> 0);
  }

  /** The instruction at `linear` is about to be executed: whether to stop before it. */
  executes(linear: Linear): boolean {
    if (!this.breakpoints.has(linear >>> 0)) return false;
    const position = this.position();
    if (this.except && comparePositions(position, this.except) === 0) return false;
    if (this.conditions.get(linear >>> 0)?.() === false) return false;
    this.take({ position, kind: 'execute', address: linear >>> 0, watch: null, byDevice: false });
    return this.mode === 'stop';
  }

  /** An access was made. Addresses may be int32; `linear` is -1 when a device or the page walk made it. */
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

  /** In `stop` mode the first counts, in `note` mode the last. */
  private take(hit: Hit): void {
    if (this.mode === 'stop' && this.hit !== null) return;
    this.hit = hit;
  }
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

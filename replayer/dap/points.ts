import type { Hit, Watch } from '../../recorder/machine/state/stops.ts';
import type { StopConditions } from '../timeline/timeline.ts';

/** Breakpoints and watchpoints of an editor. */

export type PointKind = 'breakpoint' | 'function breakpoint' | 'instruction breakpoint' | 'data breakpoint';

/** The breakpoints of the client, which sends each kind, and each file, as a complete set. */
export class Points {
  private readonly addresses = new Map<
    string,
    { readonly kind: PointKind; readonly addresses: readonly number[] }
  >();
  private watches: readonly Watch[] = [];

  /** Replaces the addresses of one kind; `file` selects those of one file. */
  set(kind: Exclude<PointKind, 'data breakpoint'>, addresses: readonly number[], file = ''): void {
    this.addresses.set(`${kind} ${file}`, { kind, addresses: addresses.map((address) => address >>> 0) });
  }

  watch(watches: readonly Watch[]): void {
    this.watches = watches;
  }

  conditions(): StopConditions {
    return {
      breakpoints: [...this.addresses.values()].flatMap(({ addresses }) => addresses),
      watches: this.watches,
    };
  }

  /** The kind that stopped the run, as DAP's reason for the stop. */
  reasonOf({ kind, address }: Hit): PointKind {
    if (kind !== 'execute') return 'data breakpoint';
    const own = [...this.addresses.values()].find(({ addresses }) => addresses.includes(address >>> 0));
    return own?.kind ?? 'breakpoint';
  }
}

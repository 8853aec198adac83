import type { GuestCode } from '../../replayer/debug/guest-code.ts';
import type { Place } from '../web/page-data.ts';

/** The code that a page names, each address once. */
export class Places {
  readonly all: Place[] = [];
  private readonly known = new Map<number, number>();
  private readonly code: GuestCode;

  constructor(code: GuestCode) {
    this.code = code;
  }

  /** Index of an address's place in `all`. */
  of(address: number): number {
    const before = this.known.get(address);
    if (before !== undefined) return before;
    const { name, path, line } = this.code.place(address);
    this.all.push({ name, ...(path === undefined ? {} : { source: `${path}:${line}` }) });
    this.known.set(address, this.all.length - 1);
    return this.all.length - 1;
  }
}

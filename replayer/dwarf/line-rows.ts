/** Runs line number programs (DWARF 5, 6.2.5), row by row. */

/** A row of the line number matrix (DWARF 5, 6.2.2). */
export interface LineRow {
  readonly address: number;
  readonly file: string;
  readonly line: number;
  /** True at a recommended place for a breakpoint. */
  readonly statement: boolean;
  /** True one past the last instruction of a sequence; such a row has no line. */
  readonly end: boolean;
}

/** Maximum number of rows, 120 MB of memory: more than a kernel has. Further rows are dropped. */
const MAX_ROWS = 8_000_000;
const FIRST_CAPACITY = 4096;
const STATEMENT = 1;
const END = 2;

/** All rows of all units, 14 bytes each; one byte of a line program can make a row. */
export class LineRows {
  private count = 0;
  private addresses = new Uint32Array(FIRST_CAPACITY);
  private lines = new Uint32Array(FIRST_CAPACITY);
  /** Indexes into `names`. */
  private names = new Uint32Array(FIRST_CAPACITY);
  private marks = new Uint8Array(FIRST_CAPACITY);
  /** The rows by address. */
  private order = new Uint32Array();
  private readonly numbers = new Map<string, number>();
  private readonly texts: string[] = [];

  /** The number of a file. */
  file(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.texts.length);
    return this.texts.push(name) - 1;
  }

  add(address: number, file: number, line: number, statement: boolean, end: boolean): void {
    if (this.count === MAX_ROWS) return;
    if (this.count === this.addresses.length) this.grow();
    const n = this.count++;
    this.addresses[n] = address;
    this.lines[n] = line;
    this.names[n] = file;
    this.marks[n] = (statement ? STATEMENT : 0) | (end ? END : 0);
  }

  /** Sorts the rows after the last one was added; the end of a sequence comes before the begin of another at the same address. */
  sort(): void {
    const { addresses, marks } = this;
    this.order = Uint32Array.from({ length: this.count }, (_, n) => n);
    this.order.sort((a, b) => addresses[a] - addresses[b] || (marks[b] & END) - (marks[a] & END) || a - b);
  }

  /** The last row at or before an address. */
  at(address: number): LineRow | undefined {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.addresses[this.order[middle]] <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 ? this.row(this.order[low - 1]) : undefined;
  }

  /** All rows by address. */
  *all(): Generator<LineRow> {
    for (const n of this.order) yield this.row(n);
  }

  /** Files with rows. */
  files(): readonly string[] {
    return [...new Set(this.names.subarray(0, this.count))].map((n) => this.texts[n]).sort();
  }

  private row(n: number): LineRow {
    return {
      address: this.addresses[n],
      file: this.texts[this.names[n]],
      line: this.lines[n],
      statement: (this.marks[n] & STATEMENT) !== 0,
      end: (this.marks[n] & END) !== 0,
    };
  }

  private grow(): void {
    const wider = <Column extends Uint32Array | Uint8Array>(column: Column): Column => {
      const next = new (column.constructor as new (length: number) => Column)(2 * column.length);
      next.set(column);
      return next;
    };
    this.addresses = wider(this.addresses);
    this.lines = wider(this.lines);
    this.names = wider(this.names);
    this.marks = wider(this.marks);
  }
}

/** The stretch of the run that is on the screen, and how icounts and pixels belong together. */

export class View {
  from: number;
  to: number;
  private readonly end: number;

  constructor(end: number) {
    this.end = end;
    this.from = 0;
    this.to = end;
  }

  show(from: number, to: number): void {
    const length = Math.min(this.end, Math.max(1, to - from));
    this.from = Math.min(Math.max(0, from), this.end - length);
    this.to = this.from + length;
  }

  all(): void {
    this.show(0, this.end);
  }

  /** `factor` below 1 shows less of the run; `at` stays where it is. */
  zoom(factor: number, at: number): void {
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  /** By a share of what is shown. */
  pan(share: number): void {
    const by = (this.to - this.from) * share;
    this.show(this.from + by, this.to + by);
  }

  x(icount: number, width: number): number {
    return ((icount - this.from) / (this.to - this.from)) * width;
  }

  icount(x: number, width: number): number {
    return this.from + (x / width) * (this.to - this.from);
  }
}

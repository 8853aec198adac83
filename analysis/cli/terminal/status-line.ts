/** A terminal's own line at the bottom of what was written to it: how far a job is. */

/** The members of process.stderr that a status line needs. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const USUAL_COLUMNS = 80;
const CLEAR = '\r\x1b[K';

/**
 * Drawn and cleared by carriage return and erase-line alone: these hold wherever the screen has scrolled to, while a
 * cursor that was saved stands on other lines by then. It never fills its row, so that it never wraps.
 */
export class StatusLine {
  private readonly stream: TerminalStream;
  private text: string | undefined;
  private once = false;

  constructor(stream: TerminalStream) {
    this.stream = stream;
  }

  get isShown(): boolean {
    return this.text !== undefined;
  }

  /** Columns that a text may have. */
  get room(): number {
    return (this.stream.columns || USUAL_COLUMNS) - 1;
  }

  /** Shows it until `hide`, below whatever is written meanwhile by `above`. */
  show(text: string): void {
    if (!this.stream.isTTY) return;
    this.text = text;
    this.once = false;
    this.draw();
  }

  /** Shows it until anything else is written. */
  flash(text: string): void {
    this.show(text);
    this.once = true;
  }

  hide(): void {
    if (this.text === undefined) return;
    this.text = undefined;
    this.stream.write(CLEAR);
  }

  /** Writes whole lines to the same terminal. */
  above(write: () => void): void {
    if (this.text !== undefined) this.stream.write(CLEAR);
    if (this.once) this.text = undefined;
    write();
    this.draw();
  }

  private draw(): void {
    if (this.text !== undefined) this.stream.write(`${CLEAR}${this.text.slice(0, this.room)}`);
  }
}

/** That of the user's terminal. */
export const statusLine = new StatusLine(process.stderr);
process.once('exit', () => statusLine.hide());

/** A status line at the bottom of a terminal's output. */

/** The members of process.stderr that a status line needs. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const USUAL_COLUMNS = 80;
const CLEAR = '\r\x1b[K';

/**
 * Drawn and cleared with carriage return and erase-line only, which work after the screen has scrolled; a saved cursor position would
 * not. The text never fills its row, so it never wraps.
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

  /** Maximum columns of the text. */
  get room(): number {
    return (this.stream.columns || USUAL_COLUMNS) - 1;
  }

  /** Shows the line until `hide`, below everything written by `above`. */
  show(text: string): void {
    if (!this.stream.isTTY) return;
    this.text = text;
    this.once = false;
    this.draw();
  }

  /** Shows the line until anything else is written. */
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

/** The status line of the user's terminal. */
export const statusLine = new StatusLine(process.stderr);
process.once('exit', () => statusLine.hide());

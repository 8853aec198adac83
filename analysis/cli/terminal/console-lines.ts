import { columnIndex, type EventBatch } from '../../../schemas/events.ts';
import { type Untrusted, untrusted } from '../../../schemas/untrusted.ts';

/** The guest's console on the user's terminal, line by line while the machine runs. */

const columnOf = (name: string) => columnIndex('console', name);
const PORT = columnOf('port');
const BYTE = columnOf('byte');
const NEWLINE = 10;
const RETURN = 13;
const TAB = 9;
const BLANK = 32;
const TAB_STOP = 8;

/**
 * Assembles lines of the guest's console from bytes or event batches. Kernels often write the same text to a serial port and the debug
 * console; the port that is written first is shown.
 */
export class ConsoleLines {
  private readonly onLine: (line: Untrusted) => void;
  private readonly pending: number[] = [];
  private port: number | undefined;

  constructor(onLine: (line: Untrusted) => void) {
    this.onLine = onLine;
  }

  take(batch: EventBatch): void {
    const { count, columns } = batch.tables.console;
    for (let row = 0; row < count; row++) {
      this.hear(columns[PORT][row], columns[BYTE][row]);
    }
  }

  /** Takes a byte of a port (CONSOLE_PORT). */
  hear(port: number, byte: number): void {
    this.port ??= port;
    if (port === this.port) this.takeByte(byte);
  }

  /** Emits a last line without a newline. */
  end(): void {
    if (this.pending.length > 0) this.endLine();
  }

  private takeByte(byte: number): void {
    if (byte === NEWLINE) this.endLine();
    else if (byte === TAB) while (this.pending.push(BLANK) % TAB_STOP !== 0);
    else if (byte !== RETURN) this.pending.push(byte);
  }

  private endLine(): void {
    this.onLine(untrusted(Buffer.from(this.pending).toString('latin1')));
    this.pending.length = 0;
  }
}

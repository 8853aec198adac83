import type { LiveSource } from '../../../recorder/capture/input/live-source.ts';
import { BadInput } from '../../../schemas/bad-input.ts';

/** The user's terminal in raw mode: keys go to the guest until Ctrl-] leaves. */

/** Ctrl-]: leaves, as in telnet. */
const LEAVE = '\x1d';

/** The user's terminal connected to the guest: keys go to the guest, and its console is written unchanged. */
export class LiveTerminal {
  private readonly source: LiveSource;
  private readonly leave: () => void;
  private said: number[] = [];

  /** `leave` is called when the user ends the recording. Throws BadInput if there is no terminal. */
  constructor(source: LiveSource, leave: () => void) {
    const { stdin } = process;
    if (!stdin.isTTY)
      throw new BadInput(
        '--interactive needs a terminal to type at',
        'give --script FILE or --type TEXT@ICOUNT',
      );
    this.source = source;
    this.leave = leave;
    stdin.setRawMode(true);
    stdin.setEncoding('utf8');
    stdin.on('data', this.typed);
    stdin.resume();
    process.stderr.write('rewind386: Ctrl-] ends the recording\r\n');
  }

  /** A byte of the guest's console: escape sequences too, since this is the guest's terminal. */
  hear(byte: number): void {
    this.said.push(byte);
  }

  show(): void {
    if (this.said.length > 0) process.stdout.write(Uint8Array.from(this.said));
    this.said = [];
  }

  end(): void {
    this.show();
    process.stdin.off('data', this.typed);
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdout.write('\r\n');
  }

  private readonly typed = (data: string | Buffer): void => {
    const text = data.toString();
    const leaves = text.indexOf(LEAVE);
    // The Enter key sends a carriage return, as a serial terminal does.
    this.source.type(leaves < 0 ? text : text.slice(0, leaves));
    if (leaves >= 0) this.leave();
  };
}

import { readTextScreen, type TextScreen } from '../../../recorder/machine/devices/vga-text.ts';
import type { MachineMemory } from '../../../recorder/machine/layout.ts';
import { CONSOLE_PORT } from '../../../schemas/events.ts';
import type { Inputs } from '../options/input-options.ts';
import { ConsoleLines } from '../terminal/console-lines.ts';
import { LiveTerminal } from '../terminal/live-terminal.ts';
import { printPicture } from '../terminal/output.ts';
import { progressCount } from '../terminal/progress.ts';
import { screenAnsi, screenText } from '../terminal/screen.ts';

/** The display of a recording in progress. */
export interface Display {
  /** Takes a byte of the guest's console. */
  hear(port: number, byte: number): void;
  /** Called periodically, between two stretches of the run. */
  turn(machine: Seen): void;
  end(): void;
}

interface Seen {
  readonly icount: number;
  readonly mem: MachineMemory;
}

interface DisplayOptions {
  readonly quiet: boolean;
  readonly screen?: boolean;
  readonly inputs?: Inputs;
}

/** `leave` is called when the user ends the recording. */
export function openDisplay({ quiet, screen, inputs }: DisplayOptions, leave: () => void): Display {
  const terminal = inputs?.live ? new LiveTerminal(inputs.live, leave) : undefined;
  if (screen) return screenDisplay(terminal);
  if (terminal)
    return {
      hear: (port, byte) => port === CONSOLE_PORT.indexOf('com1') && terminal.hear(byte),
      turn: () => terminal.show(),
      end: () => terminal.end(),
    };
  const progress = progressCount('recording');
  const lines = new ConsoleLines((line) => progress.line(`  | ${line}`));
  return {
    hear: (port, byte) => quiet || lines.hear(port, byte),
    turn: ({ icount }) => progress.at(icount),
    end() {
      lines.end();
      progress.end();
    },
  };
}

const ALTERNATE_SCREEN = '\x1b[?1049h\x1b[?25l';
const MAIN_SCREEN = '\x1b[?25h\x1b[?1049l';
const TOP = '\x1b[H';
/** The assumed height of a terminal that does not report it. */
const USUAL_ROWS = 24;

/**
 * The bytes that draw a screen at the top of a terminal of `height` rows. Each line clears its row first, since clearing after a full
 * line would erase the last character, and no line ends in a newline, which would scroll. Of a screen higher than the terminal, the part
 * down to the cursor's line is shown.
 */
export function liveFrame(screen: TextScreen | null, height: number): string {
  const lines = screen ? screenAnsi(screen).trimEnd().split('\n') : ['the screen is in a graphics mode'];
  const first = Math.max(0, Math.min(lines.length, (screen?.cursor?.row ?? 0) + 1) - height);
  const shown = lines.slice(first, first + height);
  return `${TOP}${shown.map((line) => `\x1b[K${line}`).join('\r\n')}\x1b[0m\x1b[J`;
}

/** Shows the VGA text screen on the terminal's alternate screen, redrawn when it changes, and prints it at the end. */
function screenDisplay(terminal: LiveTerminal | undefined): Display {
  const live = process.stderr.isTTY === true;
  if (live) process.stderr.write(ALTERNATE_SCREEN);
  let drawn = '';
  let seen: Seen | undefined;
  return {
    hear() {},
    turn(machine) {
      seen = machine;
      if (!live) return;
      const picture = liveFrame(readTextScreen(machine.mem), process.stderr.rows || USUAL_ROWS);
      if (picture !== drawn) process.stderr.write(picture);
      drawn = picture;
    },
    end() {
      if (live) process.stderr.write(MAIN_SCREEN);
      terminal?.end();
      const screen = seen && readTextScreen(seen.mem);
      if (screen) printPicture(screenText(screen).trimEnd());
    },
  };
}

import { readTextScreen, type TextScreen } from '../../../recorder/machine/devices/vga-text.ts';
import type { MachineMemory } from '../../../recorder/machine/layout.ts';
import { CONSOLE_PORT } from '../../../schemas/events.ts';
import type { Inputs } from '../options/input-options.ts';
import { ConsoleLines } from '../terminal/console-lines.ts';
import { LiveTerminal } from '../terminal/live-terminal.ts';
import { printPicture } from '../terminal/output.ts';
import { progressCount } from '../terminal/progress.ts';
import { screenAnsi, screenText } from '../terminal/screen.ts';

/** The part of the terminal that a person sees of a recording while it goes on. */
export interface Display {
  /** A byte of the guest's console. */
  hear(port: number, byte: number): void;
  /** Now and then, between two stretches of the run. */
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

/** `leave` is called when the person at the terminal wants to end the recording. */
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
/** A terminal that does not say how high it is. */
const USUAL_ROWS = 24;

/**
 * The bytes that have a terminal of `height` rows show a screen at its top: each line clears its own row first, since
 * a clear after a line that fills its row would take the last character, and none ends in a newline that would
 * scroll. Of a screen that is higher than the terminal, the part down to the cursor's line.
 */
export function liveFrame(screen: TextScreen | null, height: number): string {
  const lines = screen ? screenAnsi(screen).trimEnd().split('\n') : ['the screen is in a graphics mode'];
  const first = Math.max(0, Math.min(lines.length, (screen?.cursor?.row ?? 0) + 1) - height);
  const shown = lines.slice(first, first + height);
  return `${TOP}${shown.map((line) => `\x1b[K${line}`).join('\r\n')}\x1b[0m\x1b[J`;
}

/** The VGA text screen: redrawn on a terminal's alternate screen when it has changed, and printed as it is at the end. */
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

import { CONSOLE_PORT } from '../../../schemas/events.ts';
import type { DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';

/** The guest's console: each byte from a device becomes an event and is passed to the listener. */

/** Takes a byte that the guest sends to its console. */
export type Say = (byte: number) => void;

/** Passes the bytes of console `name` to the trace and to the listener. */
export function consoleOf(
  { log, onConsole }: DeviceHost,
  bus: PortBus,
  name: (typeof CONSOLE_PORT)[number],
): Say {
  const port = CONSOLE_PORT.indexOf(name);
  return (byte) => {
    log?.add('console', port, byte);
    if (!onConsole) return;
    onConsole(port, byte);
    // The listener may answer, and the answer may be due before the machine's current deadline.
    bus.deadlineMoved = true;
  };
}

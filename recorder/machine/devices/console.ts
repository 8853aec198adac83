import { CONSOLE_PORT } from '../../../schemas/events.ts';
import type { DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';

/** The guest's console, as devices hear it: each byte becomes an event and reaches whoever listens. */

/** Takes a byte that the guest sends to its console. */
export type Say = (byte: number) => void;

/** The way of the guest's words on `name`: into the trace, and to whoever listens now. */
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
    // Who listens may answer, and the answer is due before what the machine waits for.
    bus.deadlineMoved = true;
  };
}

import type { DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';

/** The guest's console, as devices hear it: each byte becomes an event and reaches whoever listens. */

/** Takes a byte that the guest sends to its console on `port` (CONSOLE_PORT). */
export type Say = (port: number, byte: number) => void;

/** The way of the guest's words: into the trace, and to whoever listens now. */
export function consoleOf({ log, onConsole }: DeviceHost, bus: PortBus): Say {
  return (port, byte) => {
    log?.add('console', port, byte);
    if (!onConsole) return;
    onConsole(port, byte);
    // Who listens may answer, and the answer is due before what the machine waits for.
    bus.deadlineMoved = true;
  };
}

import { BadInput } from '../../../schemas/bad-input.ts';

/** A port to listen on; 0 for any free one. */
export function parsePort(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port < 65536) return port;
  throw new BadInput(`--port ${port}: not a port`, 'write a number up to 65535');
}

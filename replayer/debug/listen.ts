import type { AddressInfo, Server } from 'node:net';
import { resolve as absolute } from 'node:path';
import { BadInput } from '../../schemas/bad-input.ts';

/** Listens for debuggers on a loopback port or a socket file. */

/** The address to listen on: a loopback port (0: any free one), or a socket file accessible to its owner only. */
export type ListenAt = { readonly port: number } | { readonly socket: string };

/** Loopback only, because anyone who reaches the port can read the guest's memory. */
const LOOPBACK = '127.0.0.1';
/** The mode of a socket file: its owner only. */
const OWNER_ONLY = 0o177;

/** Returns the address, HOST:PORT or a path. */
export const listen = (server: Server, at: ListenAt): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(at, error)));
    server.once('listening', () =>
      resolve('socket' in at ? absolute(at.socket) : `${LOOPBACK}:${(server.address() as AddressInfo).port}`),
    );
    if ('port' in at) server.listen(at.port, LOOPBACK);
    else {
      // The file is created with its final mode.
      const mask = process.umask(OWNER_ONLY);
      try {
        server.listen(at.socket);
      } finally {
        process.umask(mask);
      }
    }
  });

function cannotListen(at: ListenAt, { code }: NodeJS.ErrnoException): BadInput {
  if ('port' in at)
    return new BadInput(`cannot listen on ${LOOPBACK}:${at.port}: ${code}`, 'give another --port, or none');
  const next =
    code === 'EADDRINUSE'
      ? 'remove that file if no other server uses it, or give another --socket'
      : 'give another --socket';
  return new BadInput(`cannot listen on ${at.socket}: ${code}`, next);
}

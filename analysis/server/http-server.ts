import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzip, type ZlibOptions } from 'node:zlib';
import { BadInput } from '../../schemas/bad-input.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import { SqlError } from '../db/sql-error.ts';
import { Guard, newToken, securityHeaders } from './guard.ts';

/** Requests to answers: who may ask, what is sent, and errors as one line of JSON. */

/** The answer of a route. */
export interface Reply {
  readonly type: string;
  readonly body: string | Uint8Array;
}

export interface Request {
  readonly query: URLSearchParams;
  /** Sent by a POST, parsed; undefined of a GET. */
  readonly body: unknown;
  /** For the page's own styles. */
  readonly nonce: string;
  /** Aborted when whoever asked has left, or the server ends. */
  readonly signal: AbortSignal;
}

export type Route = (request: Request) => Promise<Reply>;

/** By method and path below the token: 'GET runs'. */
export type Routes = ReadonlyMap<string, Route>;

export interface HttpServer {
  /** With the token: whoever has it may ask. */
  readonly url: string;
  close(): Promise<void>;
}

/** Of what a POST sends. */
const MAX_BODY_BYTES = 1 << 20;
const MAX_CONNECTIONS = 64;
/** Bytes of an answer from which on it is compressed. */
const LEAST_GZIPPED = 4096;

const gzipped = promisify<string | Uint8Array, ZlibOptions, Buffer>(gzip);

export const JSON_TYPE = 'application/json; charset=utf-8';

export const json = (value: unknown): Reply => ({
  type: JSON_TYPE,
  body: JSON.stringify(value),
});

/** Listens on a port of 127.0.0.1 (0: any free one). */
export async function listenHttp(routes: Routes, port: number): Promise<HttpServer> {
  const token = newToken();
  const stop = new AbortController();
  let guard: Guard | undefined;
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    if (guard) void answer(request, response, { guard, routes, stop: stop.signal });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new BadInput(
          `cannot listen on 127.0.0.1:${port}: ${error.code ?? error.message}`,
          'give --port another number',
        ),
      ),
    );
    server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  guard = new Guard(token, bound);
  return {
    url: `http://127.0.0.1:${bound}/${token}/`,
    close: async () => {
      stop.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Serving {
  readonly guard: Guard;
  readonly routes: Routes;
  readonly stop: AbortSignal;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { guard, routes, stop }: Serving,
): Promise<void> {
  const { method = '', url = '', headers } = request;
  const nonce = randomBytes(16).toString('base64');
  const send = async (status: number, { type, body }: Reply) => {
    const shorter = isWorthwhile(request, type, body) ? await gzipped(body, { level: 1 }) : undefined;
    if (response.destroyed) return;
    response.writeHead(status, {
      ...securityHeaders(nonce),
      'Content-Type': type,
      ...(shorter ? { 'Content-Encoding': 'gzip' } : {}),
    });
    response.end(shorter ?? body);
  };
  const refuse = (status: number, reason: string) =>
    send(status, { type: 'text/plain; charset=utf-8', body: `rewind386: ${reason}\n` });
  const left = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) left.abort();
  });
  try {
    const judged = guard.judge({ method, url, headers });
    if ('refused' in judged) return refuse(judged.refused, judged.reason);
    const route = routes.get(`${method} ${judged.path}`);
    if (!route) return refuse(404, 'there is no such page');
    const body = method === 'POST' ? await jsonOf(request) : undefined;
    const signal = AbortSignal.any([left.signal, stop]);
    await send(200, await route({ query: judged.query, body, nonce, signal }));
  } catch (error) {
    if (!response.headersSent && !response.destroyed) {
      const { status, told } = explained(error);
      await send(status, json(told));
    }
  }
}

/** The browser may be at the other end of a tunnel. */
const isWorthwhile = ({ headers }: IncomingMessage, type: string, { length }: Reply['body']): boolean =>
  length >= LEAST_GZIPPED &&
  /^(?:text|application\/json)/.test(type) &&
  /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));

/** A user's mistake, or one of ours, as a page shows it. */
function explained(error: unknown): { status: number; told: object } {
  if (error instanceof SqlError && error.position) {
    const { message, position } = error;
    return { status: 400, told: { error: message, line: position.line, column: position.column } };
  }
  if (error instanceof BadInput) return { status: 400, told: { error: error.message, next: error.next } };
  if (error instanceof TraceDamage) return { status: 400, told: { error: error.message } };
  const { message } = error as Error;
  return {
    status: 500,
    told: { error: `internal error: ${String(message).split('\n')[0]}`, next: 'please report it' },
  };
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw new BadInput('the request body must be JSON');
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += (piece as Buffer).length;
    if (bytes > MAX_BODY_BYTES) throw new BadInput(`the request body is larger than ${MAX_BODY_BYTES} bytes`);
    pieces.push(piece as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    throw new BadInput('the request body is not JSON');
  }
}

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Admission: a page of this server alone, opened by whoever was shown its address. Any page of the network, and any program of
 * another user of the computer, can send requests to a port of 127.0.0.1.
 */

/** 256 bits, which nobody guesses; fit for a path. */
export const newToken = (): string => randomBytes(32).toString('base64url');

export interface Asker {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Status and reason for which a request is refused, or the path that it asks for below the token. */
export type Judgement =
  | { readonly refused: 403 | 405; readonly reason: string }
  | { readonly path: string; readonly query: URLSearchParams };

export class Guard {
  private readonly token: string;
  private readonly hosts: readonly string[];

  /** `port`: the one that is listened on. */
  constructor(token: string, port: number) {
    this.token = token;
    this.hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  }

  judge({ method, url, headers }: Asker): Judgement {
    const { host, origin } = headers;
    // A name of somebody else's that was made to lead here (DNS rebinding).
    if (host === undefined || !this.hosts.includes(host.toLowerCase()))
      return { refused: 403, reason: 'requests to this Host are not served' };
    if (origin !== undefined && origin !== `http://${host}`)
      return { refused: 403, reason: 'requests from another origin are not allowed' };
    if (method !== 'GET' && method !== 'POST')
      return { refused: 405, reason: 'only GET and POST are allowed' };
    // Browsers send it with every POST.
    if (method === 'POST' && origin === undefined)
      return { refused: 403, reason: 'a POST needs an Origin header' };
    const [, token = '', path = '', query = ''] = /^\/([^/?]*)\/([^?]*)(?:\?(.*))?$/.exec(url) ?? [];
    if (!isSame(token, this.token))
      return { refused: 403, reason: 'open the address that `rewind386 serve` printed, with its token' };
    return { path, query: new URLSearchParams(query) };
  }
}

/** In a time that does not tell how much of it is right. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Headers of every answer: nothing is kept, told to others, framed, or loaded from elsewhere. `nonce`: of the page's own styles. */
export const securityHeaders = (nonce: string): Readonly<Record<string, string>> => ({
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
});

import type { Refusal } from '../serve-data.ts';

/** Questions to the server that this page came from. Addresses are below the page's own, which has the token in it. */

/** A refusal of the server, in words for a person. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.error);
    this.refusal = refusal;
  }
}

export const get = async <Answer>(path: string, signal?: AbortSignal): Promise<Answer> =>
  (await answered(path, signal ? { signal } : {})).json() as Promise<Answer>;

export const post = async <Answer>(path: string, body: unknown, signal?: AbortSignal): Promise<Answer> =>
  (await send(path, body, signal)).json() as Promise<Answer>;

/** As `post`, for what is a file. */
export const postForFile = async (path: string, body: unknown): Promise<Blob> =>
  (await send(path, body)).blob();

const send = (path: string, body: unknown, signal?: AbortSignal): Promise<Response> =>
  answered(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });

async function answered(path: string, options: RequestInit): Promise<Response> {
  const response = await fetch(path, options).catch((error: Error) => {
    if (error.name === 'AbortError') throw error;
    throw new Refused({ error: 'the server does not answer', next: 'start `rewind386 serve` again' });
  });
  if (response.ok) return response;
  const text = await response.text();
  throw new Refused(/^\{/.test(text) ? (JSON.parse(text) as Refusal) : { error: text.trim() });
}

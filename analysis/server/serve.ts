import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { ElfSymbol } from '../../schemas/guest/elf.ts';
import type { DatabaseOptions, TraceDatabase } from '../db/trace-database.ts';
import type { ServedRun } from '../web/serve-data.ts';
import { catalogueOf } from './catalogue.ts';
import { consoleRoutes } from './console.ts';
import { DebugServers, type StartDebugger } from './debug-servers.ts';
import { differenceRoutes, type FindDifference } from './differences.ts';
import { JSON_TYPE, json, listenHttp, type Route } from './http-server.ts';
import { noteRoutes } from './notes.ts';
import { pageRoutes } from './page.ts';
import type { Questions } from './questions.ts';
import { indexField } from './sent.ts';
import { Viewports } from './viewports.ts';

/** Traces as a live page: what is served, by whom it is answered, and what is left when it ends. */

export interface Served {
  readonly files: readonly string[];
  /** Port of 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** The facts of one run, packed, as JSON, made when they are first asked for. `replay`: the run may be executed again for them. */
  readonly facts: (file: string, replay: boolean, signal: AbortSignal) => Promise<string>;
  readonly difference: FindDifference;
  readonly symbols: () => readonly ElfSymbol[];
  readonly debug: StartDebugger;
  /** Of each run, for its timeline. */
  readonly openDatabase: (files: readonly string[], options: DatabaseOptions) => Promise<TraceDatabase>;
  /** Answers of the SQL console, whose files are written into the folder. */
  readonly openQuestions: (folder: string) => Promise<Questions>;
}

export interface Serving {
  readonly url: string;
  close(): Promise<void>;
}

export async function serve(served: Served): Promise<Serving> {
  const { files, port, symbols } = served;
  const folder = mkdtempSync(join(tmpdir(), 'r386-serve-'));
  const forget = () => rmSync(folder, { recursive: true, force: true });
  try {
    const questions = await served.openQuestions(folder);
    const stop = new AbortController();
    const viewports = new Viewports(served);
    const debuggers = new DebugServers(files, served.debug);
    const routes = new Map<string, Route>([
      ...pageRoutes,
      ...runRoutes(served, stop.signal),
      ['GET catalogue', async () => json(catalogueOf(symbols()))],
      ...consoleRoutes(questions, folder),
      ...noteRoutes(files),
      ...differenceRoutes(files, served.difference, stop.signal),
      ...debuggers.routes(),
      ...viewports.routes(),
    ]);
    const server = await listenHttp(routes, port);
    return {
      url: server.url,
      close: async () => {
        stop.abort();
        await server.close();
        await debuggers.end();
        await viewports.close();
        await questions.close();
        forget();
      },
    };
  } catch (error) {
    forget();
    throw error;
  }
}

function runRoutes({ files, facts }: Served, stop: AbortSignal): readonly (readonly [string, Route])[] {
  const known = new Map<string, Promise<string>>();
  return [
    ['GET runs', async () => json(files.map(servedRun))],
    [
      'GET facts',
      async ({ query }) => {
        const run = indexField({ run: Number(query.get('run')) }, 'run', files.length);
        const replay = query.get('replay') === '1';
        const key = `${run} ${replay}`;
        const found = known.get(key) ?? facts(files[run], replay, stop);
        known.set(key, found);
        // What went wrong may go right when it is asked again.
        found.catch(() => known.delete(key));
        return { type: JSON_TYPE, body: await found };
      },
    ],
  ];
}

function servedRun(file: string): ServedRun {
  const reader = TraceReader.open(file);
  try {
    return { file, hasStores: reader.chunks.some(({ rows }) => (rows.stores ?? 0) > 0) };
  } finally {
    reader.close();
  }
}

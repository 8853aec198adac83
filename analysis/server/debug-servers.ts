import { BadInput } from '../../schemas/bad-input.ts';
import type { DebugServer } from '../web/serve-data.ts';
import { json, type Reply, type Route } from './http-server.ts';
import { fieldsOf, indexField, numberField } from './sent.ts';

/** The gdb servers that a page has started: each of one trace at one icount, until it is ended. */

/** A running gdb server. */
export interface RunningDebugger {
  readonly command: string;
  readonly ended: Promise<void>;
  end(): void;
}

export type StartDebugger = (file: string, icount: number, signal: AbortSignal) => Promise<RunningDebugger>;

/** Each holds a machine in memory. */
const MOST = 4;

export class DebugServers {
  private readonly files: readonly string[];
  private readonly start: StartDebugger;
  private readonly running = new Map<number, { readonly told: DebugServer; readonly of: RunningDebugger }>();
  private starting = 0;
  private next = 1;

  constructor(files: readonly string[], start: StartDebugger) {
    this.files = files;
    this.start = start;
  }

  routes(): readonly (readonly [string, Route])[] {
    return [
      ['GET debuggers', async () => this.list()],
      ['POST debug', ({ body, signal }) => this.begin(body, signal)],
      [
        'POST end-debug',
        async ({ body }) => {
          const found = this.running.get(numberField(fieldsOf(body), 'id'));
          found?.of.end();
          await found?.of.ended;
          return this.list();
        },
      ],
    ];
  }

  private list(): Reply {
    return json([...this.running.values()].map(({ told }) => told));
  }

  private async begin(body: unknown, signal: AbortSignal): Promise<Reply> {
    const fields = fieldsOf(body);
    const run = indexField(fields, 'run', this.files.length);
    const icount = Math.round(numberField(fields, 'icount'));
    if (this.running.size + this.starting >= MOST)
      throw new BadInput(`${MOST} gdb servers are already running`, 'end one of them');
    this.starting++;
    try {
      const of = await this.start(this.files[run], icount, signal);
      const id = this.next++;
      this.running.set(id, { told: { id, run, icount, command: of.command }, of });
      void of.ended.then(() => this.running.delete(id));
      return this.list();
    } finally {
      this.starting--;
    }
  }

  async end(): Promise<void> {
    const all = [...this.running.values()];
    for (const { of } of all) of.end();
    await Promise.all(all.map(({ of }) => of.ended));
  }
}

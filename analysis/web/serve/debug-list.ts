import { command, element } from '../dom.ts';
import type { DebugServer } from '../serve-data.ts';
import { grouped } from '../text.ts';
import { get, post } from './client.ts';
import { button } from './parts.ts';

/** The gdb servers of one run, each with the command that connects to it. */
export class DebugList {
  readonly element = element('div', '', { class: 'debuggers', role: 'status' });
  private readonly run: number;

  constructor(run: number) {
    this.run = run;
    // Those that were begun before the page was loaded anew.
    get<readonly DebugServer[]>('debuggers').then(
      (servers) => this.show(servers),
      () => {},
    );
  }

  /** Throws what the server refuses. */
  async begin(icount: number): Promise<void> {
    const waiting = element('p', `replaying to icount ${grouped(icount)}…`, { class: 'quiet' });
    this.element.append(waiting);
    try {
      this.show(await post<readonly DebugServer[]>('debug', { run: this.run, icount }));
    } finally {
      waiting.remove();
    }
  }

  private show(servers: readonly DebugServer[]): void {
    this.element.replaceChildren(
      ...servers
        .filter(({ run }) => run === this.run)
        .map(({ id, icount, command: text }) =>
          element('div', [
            element('p', `gdb server at icount ${grouped(icount)}; in a terminal:`),
            command(text),
            button(
              'End',
              async () => this.show(await post<readonly DebugServer[]>('end-debug', { id })),
              `End the gdb server at icount ${grouped(icount)}`,
            ),
          ]),
        ),
    );
  }
}

import { on } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { splitStatements } from '../../sql/split-statements.ts';

/** A prompt for SQL: statements that end with `;` over several lines, and commands that begin with a dot. */

export interface PromptOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** True if a person types: prompts are shown, lines are edited and completed. */
  readonly terminal: boolean;
  /** Lines of earlier sessions, the newest first. */
  readonly history: readonly string[];
  /** Names that begin with a word. */
  readonly complete: (word: string) => readonly string[];
}

/** One entry: a statement without its `;`, or a command with its words. */
export type Asked =
  | { readonly kind: 'sql'; readonly sql: string }
  | { readonly kind: 'command'; readonly words: readonly string[] };

const FIRST = 'sql> ';
const MORE = ' ...> ';

/** Reads entries until the end of the input. Ctrl-C discards an unfinished statement; at an empty prompt it ends the session. */
export class SqlPrompt {
  private readonly lines: Interface;
  private readonly terminal: boolean;
  /** Registered from the start, because input from a pipe arrives at once. */
  private readonly typed: AsyncIterableIterator<string[]>;
  private begun: string[] = [];
  history: readonly string[];

  constructor({ input, output, terminal, history, complete }: PromptOptions) {
    this.history = history;
    this.terminal = terminal;
    this.lines = createInterface({
      input,
      ...(terminal ? { output } : {}),
      terminal,
      history: [...history],
      completer: (line: string): [string[], string] => {
        const word = /[\w.]*$/.exec(line)?.[0] ?? '';
        return [word === '' ? [] : [...complete(word)], word];
      },
    });
    this.typed = on(this.lines, 'line', { close: ['close'] });
    this.lines.on('history', (now) => {
      this.history = now;
    });
    this.lines.on('SIGINT', () => {
      if (this.begun.length === 0 && this.lines.line === '') return this.lines.close();
      this.begun = [];
      output.write('\n');
      this.lines.setPrompt(FIRST);
      // Ctrl-U discards the typed part of the line.
      this.lines.write(null, { ctrl: true, name: 'u' });
      this.lines.prompt();
    });
  }

  async *asked(): AsyncGenerator<Asked> {
    this.prompt();
    for await (const [line] of this.typed) {
      const command = this.begun.length === 0 ? /^\s*\.(.*)/.exec(line)?.[1] : undefined;
      if (command !== undefined) yield { kind: 'command', words: command.trim().split(/\s+/) };
      else {
        this.begun.push(line);
        yield* this.statements();
      }
      this.prompt();
    }
    const rest = this.begun.join('\n').trim();
    if (rest !== '') yield { kind: 'sql', sql: rest };
  }

  private *statements(): Generator<Asked> {
    const { whole, rest } = splitStatements(this.begun.join('\n'));
    this.begun = rest.trim() === '' ? [] : [rest];
    for (const sql of whole) yield { kind: 'sql', sql };
  }

  close(): void {
    this.lines.close();
  }

  private prompt(): void {
    if (!this.terminal) return;
    this.lines.setPrompt(this.begun.length === 0 ? FIRST : MORE);
    this.lines.prompt();
  }
}

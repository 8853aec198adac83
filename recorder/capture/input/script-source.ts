import type { Input } from '../../../schemas/trace/inputs.ts';
import type { Icount } from '../../../schemas/units.ts';
import type { InputSource, SourceEnd } from './input-source.ts';
import type { Statement } from './script.ts';
import { Typist } from './typing.ts';

/** The input source that plays a script: waits for text of the console or screen, and types. */

/** Default timeout of an expect, in instructions. */
const DEFAULT_TIMEOUT = 10e9;
/** Checks of the screen per virtual second. */
const LOOKS_PER_SECOND = 20;
/** Characters of the console's output kept for searching. */
const HEARD_CHARACTERS = 4096;

/** Runs a script. Its actions depend only on the guest's output and its icounts, so the same run gives the same inputs. */
export class ScriptSource implements InputSource {
  end: SourceEnd | undefined;
  private readonly statements: readonly Statement[];
  private readonly name: string;
  private readonly typist: Typist;
  private readonly interval: number;
  private screen: () => readonly string[] = () => [];
  private at = 0;
  private timeout = DEFAULT_TIMEOUT;
  /** The icount at which the current statement continues by itself: the end of a wait, the next check of the screen. */
  private turn = 0;
  /** The icount at which the current `expect` times out. */
  private deadline = Number.POSITIVE_INFINITY;
  private typed: Input[] = [];
  /** The output of each console port since the last expect was met. */
  private readonly heardOn: string[] = [];

  /** `name` names the script in messages. */
  constructor(statements: readonly Statement[], name: string, instructionsPerSecond: number) {
    this.statements = statements;
    this.name = name;
    this.typist = new Typist(instructionsPerSecond);
    this.interval = Math.ceil(instructionsPerSecond / LOOKS_PER_SECOND);
  }

  attach(screen: () => readonly string[]): void {
    this.screen = screen;
  }

  nextAt(): number {
    return this.typed[0]?.icount ?? Math.min(this.turn, this.deadline);
  }

  take(now: Icount): Input | undefined {
    if (this.typed.length === 0) this.step(now);
    return this.typed.length > 0 && this.typed[0].icount <= now ? this.typed.shift() : undefined;
  }

  heard(port: number, byte: number, now: Icount): void {
    const text = ((this.heardOn[port] ?? '') + String.fromCharCode(byte)).slice(-HEARD_CHARACTERS);
    this.heardOn[port] = text;
    const statement = this.statements[this.at];
    if (statement?.kind === 'expect' && statement.on === 'console' && text.endsWith(statement.text))
      this.met(now);
  }

  /** Executes statements until one has to wait. */
  private step(now: number): void {
    for (;;) {
      const statement = this.statements[this.at];
      this.turn = Number.POSITIVE_INFINITY;
      switch (statement?.kind) {
        case undefined:
          return;
        case 'expect':
          if (this.deadline === Number.POSITIVE_INFINITY) this.deadline = now + this.timeout;
          if (this.isMet(statement)) {
            this.met(now);
            continue;
          }
          if (now >= this.deadline) this.giveUp(statement);
          else if (statement.on === 'screen') this.turn = now + this.interval;
          return;
        case 'send':
          this.typed = this.typist.type(statement.text, statement.to, now);
          this.at++;
          this.turn = now;
          return;
        case 'wait':
          this.at++;
          this.turn = now + statement.instructions;
          return;
        case 'timeout':
          this.timeout = statement.instructions;
          this.at++;
          continue;
        case 'quit':
          this.end = { ok: true, message: `${this.name}:${statement.line}: quit` };
          this.stop();
          return;
      }
    }
  }

  private isMet(statement: Statement & { kind: 'expect' }): boolean {
    if (statement.on === 'screen') return this.screen().some((line) => stands(statement.text, line));
    return this.heardOn.some((text) => text?.includes(statement.text));
  }

  private met(now: number): void {
    this.at++;
    this.heardOn.length = 0;
    this.deadline = Number.POSITIVE_INFINITY;
    this.turn = now;
  }

  private giveUp({ line, on, text }: Statement & { kind: 'expect' }): void {
    const last = this.heardOn.map((heard) => heard?.trimEnd().split('\n').at(-1)?.trim()).find(Boolean);
    const quoted = on === 'console' && last ? `; it last said ${JSON.stringify(last)}` : '';
    this.end = {
      ok: false,
      message:
        `${this.name}:${line}: the ${on} did not say ${JSON.stringify(text)} in ` +
        `${this.timeout} instructions${quoted}`,
      screen: on === 'screen' ? this.screen() : undefined,
    };
    this.stop();
  }

  private stop(): void {
    this.at = this.statements.length;
    this.turn = Number.POSITIVE_INFINITY;
    this.deadline = Number.POSITIVE_INFINITY;
  }
}

/** True if a line of the screen contains a text. Lines are padded with blanks, since a prompt may end with a blank. */
const stands = (text: string, line: string): boolean => `${line}${' '.repeat(text.length)}`.includes(text);

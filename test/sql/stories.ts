import { readdirSync, readFileSync } from 'node:fs';
import { CHECKS } from '../../analysis/check/catalog.ts';
import { EVENT_KINDS, type EventKind } from '../../schemas/events.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { TraceWindow } from '../../schemas/trace/profile.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import type { MadeEvent } from './made-trace.ts';

/**
 * The stories beside the checks (analysis/check/NAME/fires.events and silent.events): what a machine might have recorded, a line an
 * event, and what the checks say of it. A story begins with `# Title`. Then lines of
 *
 *     KIND column=value …        an event; a number, also as 0x…, or a word of the column
 *     3 * KIND column=value …    so many of them
 *     console TEXT               a byte an event
 *     end KIND [CODE]            how the run ended (default: exit 0)
 *     no alternate map           of the guest
 *     window KIND NAME [LINEAR]  one that the profile declares
 *     => CLASS FROM ICOUNT TEXT  a finding; each line of `=>` is one, and no other is made
 *
 * `cr3` is 0x1000 unless an event says.
 */
export interface Story {
  readonly check: string;
  readonly fires: boolean;
  readonly title: string;
  readonly events: readonly MadeEvent[];
  readonly exit: TraceExit;
  readonly hasAlternateMap: boolean;
  readonly windows: readonly TraceWindow[];
  readonly findings: readonly string[];
}

const FILES = { 'fires.events': true, 'silent.events': false } as const;
/** The page directory that is live. */
const DIRECTORY = 0x1000;
const folder = new URL('../../analysis/check/', import.meta.url);

/** Throws an Error for a check without either file. */
export const STORIES: readonly Story[] = CHECKS.flatMap(({ name }) =>
  Object.entries(FILES).flatMap(([file, fires]) => {
    const text = readFileSync(new URL(`${name}/${file}`, folder), 'utf8');
    return text
      .split(/^# /m)
      .slice(1)
      .map((story) => parseStory(story, name, fires));
  }),
);

/** Files beside the checks that nobody reads. */
export const strayFiles = (): string[] =>
  CHECKS.flatMap(({ name }) =>
    readdirSync(new URL(`${name}/`, folder))
      .filter((file) => file !== 'check.sql' && !(file in FILES))
      .map((file) => `${name}/${file}`),
  );

function parseStory(text: string, check: string, fires: boolean): Story {
  const [title, ...lines] = text.trimEnd().split('\n');
  const events: MadeEvent[] = [];
  const findings: string[] = [];
  let exit: TraceExit = { kind: 'exit', code: 0, message: '' };
  let hasAlternateMap = true;
  const windows: TraceWindow[] = [];
  for (const line of lines.filter((one) => one.trim() !== '')) {
    if (line.startsWith('=> ')) findings.push(line.slice(3));
    else if (line.startsWith('end ')) exit = parseEnd(line);
    else if (line === 'no alternate map') hasAlternateMap = false;
    else if (line.startsWith('window ')) windows.push(parseWindow(line));
    else if (line.startsWith('console ')) events.push(...consoleBytes(line.slice(8)));
    else events.push(...parseEvent(line));
  }
  return { check, fires, title, events, exit, hasAlternateMap, windows, findings };
}

function parseWindow(line: string): TraceWindow {
  const [, kind, name, linear = 0] = line.split(' ');
  const pages = kind === 'pages' ? 1 : 0;
  return { name: untrusted(name), kind: kind as TraceWindow['kind'], linear: Number(linear), pages };
}

function parseEnd(line: string): TraceExit {
  const [, kind, code] = line.split(' ');
  return { kind: kind as TraceExit['kind'], code: Number(code ?? 0), message: '' };
}

function consoleBytes(text: string): MadeEvent[] {
  const bytes = [...`${text}\n`].map((letter) => letter.charCodeAt(0));
  return bytes.map((byte) => ({ kind: 'console', port: 'com1', cr3: DIRECTORY, byte }));
}

function parseEvent(line: string): MadeEvent[] {
  const [, times, kind, rest] = /^(?:(\d+) \* )?(\w+) ?(.*)$/.exec(line) ?? [];
  if (!(kind in EVENT_KINDS)) throw new Error(`no event: ${line}`);
  const columns = Object.fromEntries(
    rest
      .split(/ +/)
      .filter((pair) => pair !== '')
      .map((pair) => pair.split('='))
      .map(([name, value]) => [name, /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : value]),
  );
  const event = { kind: kind as EventKind, cr3: DIRECTORY, ...columns };
  return Array.from({ length: Number(times ?? 1) }, () => event);
}

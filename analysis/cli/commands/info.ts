import type { Argv } from 'yargs';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { EVENT_KIND_NAMES } from '../../../schemas/events.ts';
import type { TraceHeader } from '../../../schemas/trace/header.ts';
import { hashWordsHex } from '../../../schemas/trace/ladder.ts';
import { printableJson } from '../../../schemas/untrusted.ts';
import { profileOf } from '../../ending/exit-codes.ts';
import { describeExit } from '../report/describe-exit.ts';
import { machineText, revisionsText } from '../report/machine-text.ts';
import { traceFacts } from '../report/trace-facts.ts';
import { windowText } from '../report/window-text.ts';
import { bytes, grouped, hanging, plural, shellWord } from '../terminal/format.ts';
import { print, printLines, terminalWidth } from '../terminal/output.ts';

/** `rewind386 info`: shows what a trace holds, without executing it. */
export const addInfo = (cli: Argv): Argv =>
  cli.command('info <file>', 'what a trace holds', options, ({ file, json }) => {
    const reader = TraceReader.open(file);
    try {
      if (json) return printLines(printableJson(traceFacts(reader), 2).split('\n'));
      printLines(describeTrace(reader, terminalWidth()));
    } finally {
      reader.close();
    }
    print(`next: rewind386 check ${shellWord(file)}`);
  });

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'print JSON: one object, with names as they are in the trace',
    })
    .example('$0 info run.r386', 'machine, guest, how the run ended, events by kind');

function describeTrace(reader: TraceReader, columns = Number.POSITIVE_INFINITY): string[] {
  const { header } = reader;
  const rows: [string, string][] = [
    [
      'trace',
      `${reader.path}, ${bytes(reader.bytes)}, schema ${header.schemaVersion}, rewind386 ${header.toolVersion}`,
    ],
    ['guest', describeGuest(header)],
    ['command line', String(header.guest.commandLine) || '(none)'],
    ...header.guest.modules.map((module): [string, string] => ['module', String(module.commandLine)]),
    ['profile', describeProfile(header)],
    ['disk', describeDisk(header)],
    ['machine', machineText(header.machine)],
    ['revisions', revisionsText(header.machine)],
    ['seed', String(header.seed)],
    ['identity', reader.identity()],
    ...describeParent(header),
    ['run', describeRun(reader)],
    ['inputs', grouped(reader.inputs().length)],
    [
      'state hashes',
      `${grouped(reader.ladder().length)}, every ${plural(header.ladderInterval, 'instruction')}`,
    ],
    ['events', grouped(reader.events)],
    ...eventCounts(reader),
    ...finalState(reader),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, value]) => hanging(`${name.padEnd(width)}  `, value, columns));
}

const describeGuest = ({ guest, labels }: TraceHeader): string => {
  const words = Object.entries(labels).map(([name, value]) => `${name} ${value}`);
  const sha256 = guest.image ? ` (sha256 ${guest.image.sha256.slice(0, 16)}…)` : '';
  return [`${guest.name}${sha256}`, ...words].join(', ');
};

function describeProfile({ profile }: TraceHeader): string {
  const slot = (n: number) => (n < 0 ? 'none' : String(n));
  const process = profile.process ? '' : ', processes unknown';
  const windows = (profile.windows ?? []).map((window) => `, window ${windowText(window)}`).join('');
  return `${profile.name}: recursive slot ${slot(profile.recursiveSlot)}, alternate slot ${slot(profile.alternateSlot)}${windows}${process}`;
}

function describeDisk({ disk }: TraceHeader): string {
  if (!disk) return '(none)';
  const where =
    disk.base.kind === 'embedded'
      ? 'in the trace'
      : disk.base.kind === 'builtin'
        ? disk.base.name
        : disk.base.path;
  return `${where}, ${plural(disk.sectors, 'sector')} (sha256 ${disk.sha256.slice(0, 16)}…)`;
}

function describeParent({ parent }: TraceHeader): [string, string][] {
  if (!parent) return [];
  const { file, identity, changedAt, changes } = parent;
  return [
    ['what if', `${changes.join(', ')}; one with its parent up to icount ${grouped(changedAt)}`],
    ['parent', `${file} (identity ${identity.slice(0, 16)}…)`],
  ];
}

function describeRun({ header, footer, torn, endIcount }: TraceReader): string {
  if (torn) return `TORN: ${torn.what}`;
  const exit = footer ? describeExit(footer.exit, profileOf(header)) : 'has no end';
  return `${exit} at icount ${grouped(endIcount)} (${(endIcount / header.machine.instructionsPerSecond).toFixed(2)} virtual seconds)`;
}

function eventCounts(reader: TraceReader): [string, string][] {
  const totals = reader.totals();
  return EVENT_KIND_NAMES.filter((kind) => totals[kind] > 0).map((kind) => [
    `  ${kind}`,
    grouped(totals[kind]),
  ]);
}

function finalState({ footer }: TraceReader): [string, string][] {
  if (!footer) return [];
  const hashes = Object.entries(footer.final.hashes).map(([part, hash]) => `${part} ${hashWordsHex(hash)}`);
  return [['final state', hashes.join(', ')]];
}

import type { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { EVENT_KIND_NAMES } from '../../../schemas/events.ts';
import type { TraceHeader } from '../../../schemas/trace/header.ts';
import { hashWordsHex } from '../../../schemas/trace/ladder.ts';
import { profileOf } from '../../ending/exit-codes.ts';
import { bytes, grouped, plural } from '../terminal/format.ts';
import { describeExit } from './describe-exit.ts';
import { machineText, revisionsText } from './machine-text.ts';
import { windowText } from './window-text.ts';

/** The contents of a trace as rows of name and text, for `info` and `report`. */
export type TraceRow = readonly [name: string, text: string];

export function traceRows(reader: TraceReader): TraceRow[] {
  const { header } = reader;
  return [
    [
      'trace',
      `${reader.path}, ${bytes(reader.bytes)}, schema ${header.schemaVersion}, rewind386 ${header.toolVersion}`,
    ],
    ['guest', describeGuest(header)],
    ['command line', String(header.guest.commandLine) || '(none)'],
    ...header.guest.modules.map((module): TraceRow => ['module', String(module.commandLine)]),
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
    ...describeFacts(header),
    ...finalState(reader),
  ];
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

/** Maximum number of probes named. */
const SHOWN_PROBES = 5;

const describeFacts = ({ facts = [] }: TraceHeader): TraceRow[] =>
  facts.map(({ from, kinds = [], probes }) => {
    const named = probes.slice(0, SHOWN_PROBES).map(({ name }) => String(name));
    const more =
      probes.length > SHOWN_PROBES ? [`${plural(probes.length - SHOWN_PROBES, 'more probe')}`] : [];
    return ['asked for', `${[...kinds, ...named, ...more].join(', ')}; from icount ${grouped(from)}`];
  });

function describeParent({ parent }: TraceHeader): TraceRow[] {
  if (!parent) return [];
  const { file, identity, changedAt, changes } = parent;
  return [
    ['what if', `${changes.join(', ')}; identical to its parent up to icount ${grouped(changedAt)}`],
    ['parent', `${file} (identity ${identity.slice(0, 16)}…)`],
  ];
}

function describeRun({ header, footer, torn, endIcount }: TraceReader): string {
  if (torn) return `TORN: ${torn.what}`;
  const exit = footer ? describeExit(footer.exit, profileOf(header)) : 'has no end';
  return `${exit} at icount ${grouped(endIcount)} (${(endIcount / header.machine.instructionsPerSecond).toFixed(2)} virtual seconds)`;
}

function eventCounts(reader: TraceReader): TraceRow[] {
  const totals = reader.totals();
  return EVENT_KIND_NAMES.filter((kind) => totals[kind] > 0).map((kind) => [
    `  ${kind}`,
    grouped(totals[kind]),
  ]);
}

function finalState({ footer }: TraceReader): TraceRow[] {
  if (!footer) return [];
  const hashes = Object.entries(footer.final.hashes).map(([part, hash]) => `${part} ${hashWordsHex(hash)}`);
  return [['final state', hashes.join(', ')]];
}

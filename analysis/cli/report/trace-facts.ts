import type { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { EVENT_KIND_NAMES } from '../../../schemas/events.ts';
import type { TraceDisk } from '../../../schemas/trace/header.ts';
import { hashWordsHex } from '../../../schemas/trace/ladder.ts';
import { machineFacts } from './machine-text.ts';

/** The contents of a trace as plain values for programs: `info --json`. Names are exact; docs/trace-format.md describes the fields. */
export function traceFacts(reader: TraceReader): object {
  const { header, footer, torn } = reader;
  const { guest, profile, machine, parent, drives = [] } = header;
  const totals = reader.totals();
  return {
    file: reader.path,
    bytes: reader.bytes,
    schema_version: header.schemaVersion,
    tool_version: header.toolVersion,
    identity: reader.identity(),
    guest: {
      kind: guest.kind,
      name: guest.name,
      command_line: guest.commandLine,
      sha256: guest.image?.sha256 ?? null,
      modules: guest.modules.map(({ commandLine, file }) => ({
        command_line: commandLine,
        sha256: file.sha256,
      })),
    },
    labels: header.labels,
    profile: {
      name: profile.name,
      recursive_slot: slot(profile.recursiveSlot),
      alternate_slot: slot(profile.alternateSlot),
      names_processes: profile.process !== undefined,
      windows: (profile.windows ?? []).map(({ name, kind, linear, pages }) => ({
        name,
        kind,
        linear,
        pages,
      })),
    },
    machine: machineFacts(machine),
    facts: (header.facts ?? []).map(({ from, kinds = [], probes }) => ({
      from_icount: from,
      kinds,
      probes: probes.map(({ name, address, values }) => ({
        ...{ name, address },
        values: values.map((value) => value.name),
      })),
    })),
    disks: [
      ...(header.disk ? [{ kind: 'disk', unit: 0, ...diskFacts(header.disk) }] : []),
      ...drives.map(({ kind, unit, medium }) => ({ kind, unit, ...diskFacts(medium) })),
    ],
    seed: String(header.seed),
    parent: parent
      ? {
          identity: parent.identity,
          file: parent.file,
          changed_at: parent.changedAt,
          changes: parent.changes,
        }
      : null,
    end: {
      icount: reader.endIcount,
      kind: footer?.exit.kind ?? null,
      exit_code: footer?.exit.kind === 'exit' ? footer.exit.code : null,
      message: footer?.exit.message ?? null,
      torn: torn?.what ?? null,
    },
    inputs: reader.inputs().length,
    ladder_interval: header.ladderInterval,
    state_hashes: reader.ladder().length,
    events: Object.fromEntries(
      EVENT_KIND_NAMES.filter((kind) => totals[kind] > 0).map((kind) => [kind, totals[kind]]),
    ),
    final_state: footer
      ? Object.fromEntries(
          Object.entries(footer.final.hashes).map(([part, hash]) => [part, hashWordsHex(hash)]),
        )
      : null,
  };
}

const slot = (n: number) => (n < 0 ? null : n);

const diskFacts = ({ sectors, sha256, base }: TraceDisk) => ({
  sectors,
  sha256,
  contents: base.kind,
});

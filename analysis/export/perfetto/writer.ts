import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import protobuf from 'protobufjs';

/** A Perfetto trace file, packet by packet (perfetto.proto). Times are nanoseconds, below 2^53. */

const root = protobuf.parse(
  readFileSync(new URL('./perfetto.proto', import.meta.url), 'utf8'),
  new protobuf.Root(),
  { keepCase: true },
).root;
const TRACE = root.lookupType('perfetto.protos.Trace');

const SEQUENCE = 1;
/** SEQ_INCREMENTAL_STATE_CLEARED: nothing before this packet is needed to read the sequence. */
const SEQUENCE_BEGINS = 1;
const BUFFER_BYTES = 1 << 18;

const BEGIN = 1;
const END = 2;
const INSTANT = 3;
const COUNTER = 4;

/** Events with the same number are joined by arrows, in the order of time. */
export type Flow = number | undefined;

export type Annotations = Readonly<Record<string, string | number>>;

export interface TimelineEvent {
  readonly category: string;
  readonly name: string;
  readonly notes: Annotations;
  readonly flow: Flow;
}

export class PerfettoWriter {
  private readonly file: number;
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private first = true;

  constructor(path: string) {
    this.file = openSync(path, 'w');
  }

  /** A row of the timeline that groups others. */
  process(uuid: number, pid: number, name: string): void {
    this.packet({ track_descriptor: { uuid, name, process: { pid, process_name: name } } });
  }

  /** A row of the timeline. */
  track(uuid: number, parent: number, name: string): void {
    this.packet({ track_descriptor: { uuid, name, parent_uuid: parent } });
  }

  /** A row of the timeline that is a curve. */
  counterTrack(uuid: number, parent: number, name: string, unit: string): void {
    this.packet({ track_descriptor: { uuid, name, parent_uuid: parent, counter: { unit_name: unit } } });
  }

  counter(track: number, time: number, value: number): void {
    this.packet({ timestamp: time, track_event: { type: COUNTER, track_uuid: track, counter_value: value } });
  }

  begin(track: number, time: number, event: TimelineEvent): void {
    this.event(BEGIN, track, time, event);
  }

  end(track: number, time: number): void {
    this.packet({ timestamp: time, track_event: { type: END, track_uuid: track } });
  }

  instant(track: number, time: number, event: TimelineEvent): void {
    this.event(INSTANT, track, time, event);
  }

  private event(
    type: number,
    track: number,
    time: number,
    { category, name, notes, flow }: TimelineEvent,
  ): void {
    const debug_annotations = Object.entries(notes).map(([key, value]) =>
      typeof value === 'number' ? { name: key, uint_value: value } : { name: key, string_value: value },
    );
    const flows = flow === undefined ? {} : { flow_ids: [flow] };
    this.packet({
      timestamp: time,
      track_event: { type, track_uuid: track, categories: [category], name, debug_annotations, ...flows },
    });
  }

  private packet(fields: Record<string, unknown>): void {
    const sequence_flags = this.first ? { sequence_flags: SEQUENCE_BEGINS } : {};
    this.first = false;
    // A trace is a message with one repeated field: the encodings of its parts, one after another, are its encoding.
    const bytes = TRACE.encode({
      packet: [{ trusted_packet_sequence_id: SEQUENCE, ...sequence_flags, ...fields }],
    }).finish();
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    if (this.pendingBytes >= BUFFER_BYTES) this.flush();
  }

  private flush(): void {
    const bytes = Buffer.concat(this.pending);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.file, bytes, at);
    this.pending = [];
    this.pendingBytes = 0;
  }

  finish(): void {
    this.flush();
    closeSync(this.file);
  }

  /** Closes the file unfinished. */
  abandon(): void {
    closeSync(this.file);
  }
}

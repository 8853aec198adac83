import {
  FRAME,
  FRAME_HEADER_BYTES,
  frame,
  PREAMBLE_BYTES,
  preamble,
  readFrameHeader,
  TRAILER_BYTES,
  trailer,
} from '../../../schemas/trace/framing.ts';
import { messageType } from '../../../schemas/trace/schema.ts';

/** A trace taken apart into messages that can be changed at will, and put together again with every checksum right. */

/** A message as protobufjs has it: its fields by name. */
export type Message = Record<string, unknown>;

export interface Part {
  readonly type: number;
  /** Of trace.proto. */
  readonly name: string;
  readonly message: Message;
}

const NAMES: Readonly<Record<number, string>> = {
  [FRAME.header]: 'Header',
  [FRAME.bundle]: 'Bundle',
  [FRAME.chunk]: 'Chunk',
  [FRAME.checkpoint]: 'Checkpoint',
  [FRAME.footer]: 'Footer',
};

export function takeApart(bytes: Uint8Array): Part[] {
  const parts: Part[] = [];
  for (let at = PREAMBLE_BYTES; at < bytes.length - TRAILER_BYTES; ) {
    const { type, length } = readFrameHeader(bytes.subarray(at));
    const start = at + FRAME_HEADER_BYTES;
    const name = NAMES[type];
    const payload = Uint8Array.from(bytes.subarray(start, start + length));
    parts.push({ type, name, message: messageType(name).decode(payload) as unknown as Message });
    at = start + length;
  }
  return parts;
}

/** The file; without a trailer a reader goes from frame to frame. */
export function putTogether(parts: readonly Part[], withTrailer: boolean): Buffer {
  const frames: Uint8Array[] = [preamble()];
  let at = PREAMBLE_BYTES;
  let footerAt = at;
  for (const { type, name, message } of parts) {
    if (type === FRAME.footer) footerAt = at;
    const bytes = frame(type, messageType(name).encode(message).finish());
    frames.push(bytes);
    at += bytes.length;
  }
  if (withTrailer) frames.push(trailer(footerAt));
  return Buffer.concat(frames);
}

/** Offsets of the frames in the file that `putTogether` makes; the footer's entries can be made to fit. */
export function refitFooter(parts: readonly Part[]): void {
  const offsets: { type: number; at: number }[] = [];
  let at = PREAMBLE_BYTES;
  for (const { type, name, message } of parts) {
    offsets.push({ type, at });
    at += FRAME_HEADER_BYTES + messageType(name).encode(message).finish().length;
  }
  const footer = parts.find(({ type }) => type === FRAME.footer)?.message;
  if (!footer) return;
  for (const [type, field] of [
    [FRAME.chunk, 'chunks'],
    [FRAME.checkpoint, 'checkpoints'],
  ] as const) {
    const places = offsets.filter((one) => one.type === type);
    for (const [n, entry] of ((footer[field] ?? []) as Message[]).entries())
      if (places[n]) entry.offset = places[n].at;
  }
}

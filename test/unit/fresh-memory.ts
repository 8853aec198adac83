import { expect } from 'vitest';
import type { Span } from '../../recorder/machine/boot/placement.ts';
import { type MachineMemory, RAM } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { areaOf, RAM_AREA, wholeArea } from '../../recorder/machine/state/snapshot.ts';
import { RamHash } from '../../recorder/machine/state/state-hash.ts';

/** RAM is zeros but where a loader says that it has written. */
export function expectZerosBut({ u8, ramBytes }: MachineMemory, written: readonly Span[]): void {
  const ram = u8.slice(RAM, RAM + ramBytes);
  for (const { start, end } of written) ram.fill(0, start, end);
  expect(ram.findIndex((byte) => byte !== 0)).toBe(-1);
}

/** A machine that has just been built hashes and copies all of its RAM, although it reads only what it knows to be written. */
export function expectKnownContents(machine: Machine): void {
  const { u8, i32, ramBytes } = machine.mem;
  const frames = Array.from({ length: ramBytes >>> 12 }, (_, frame) => frame);
  const ram = u8.slice(RAM, RAM + ramBytes);
  const isUsed = (frame: number) => ram.subarray(frame << 12, (frame + 1) << 12).some((byte) => byte !== 0);
  expect(machine.hashes().ram).toEqual(new RamHash(i32, RAM, frames.length).update(Uint32Array.from(frames)));
  expect([...machine.changes().ram.frames]).toEqual(frames.filter(isUsed));
  const kept = machine.save();
  expect(Buffer.compare(wholeArea(areaOf(machine.snapshot(), RAM_AREA)), ram)).toBe(0);
  machine.restore(kept);
  expect(Buffer.compare(u8.subarray(RAM, RAM + ramBytes), ram)).toBe(0);
}

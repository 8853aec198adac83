import {
  CPU_STATE,
  CPU_STATE_BYTES,
  FRAME_STATE,
  type MachineMemory,
  RAM,
  TLB_STATE,
  TLB_STATE_BYTES,
} from './layout.ts';
import { MachineError } from './machine-error.ts';

/** Everything a machine is at one instant, by name of area: fields may come and go, positions mean nothing. */
export interface Snapshot {
  readonly icount: number;
  /** seq of the next event. */
  readonly seq: number;
  /** Whether the machine was recording, so that its FRAME_STATE is complete. */
  readonly tracking: boolean;
  readonly areas: ReadonlyMap<string, Uint8Array>;
}

interface Area {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The STATE areas of layout.ts, but for DEVICE_STATE, which the devices share out among them. */
export function memoryAreas(mem: MachineMemory): Area[] {
  return [
    { name: 'cpu', offset: CPU_STATE, bytes: CPU_STATE_BYTES },
    { name: 'tlb', offset: TLB_STATE, bytes: TLB_STATE_BYTES },
    { name: 'frames', offset: FRAME_STATE, bytes: (mem.ramBytes >>> 12) * 16 },
    { name: 'ram', offset: RAM, bytes: mem.ramBytes },
  ];
}

export function saveArea(
  mem: MachineMemory,
  { name, offset, bytes }: Area,
  into: Map<string, Uint8Array>,
): void {
  into.set(name, mem.u8.slice(offset, offset + bytes));
}

export function restoreArea(mem: MachineMemory, { name, offset, bytes }: Area, snapshot: Snapshot): void {
  const saved = areaOf(snapshot, name);
  if (saved.length !== bytes) {
    throw new MachineError(`the snapshot's ${name} has ${saved.length} bytes, this machine's ${bytes}`);
  }
  mem.u8.set(saved, offset);
}

export function areaOf(snapshot: Snapshot, name: string): Uint8Array {
  const area = snapshot.areas.get(name);
  if (!area) throw new MachineError(`the snapshot holds no ${name}: it is of another machine`);
  return area;
}

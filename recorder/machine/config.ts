import type { Detail } from '../../schemas/events.ts';
import { CPU_REVISION, DEFAULT_CPU } from './cpu/decode/models.ts';

/** The configuration of a machine, with what each absent field of an old trace means. */

/** Everything that shapes a run besides guest image, disk image and inputs. Stored in the trace header. */
export interface MachineConfig {
  /** Guest RAM, bytes; whole megabytes, 2 to 256. */
  readonly ramBytes: number;
  /** The processor: a model, then features to add or remove, as `pentium,+cmov` (cpu/models.ts). */
  readonly cpuModel: string;
  /** Which behaviour of the models (CPU_REVISION in cpu/models.ts). */
  readonly cpuRevision: number;
  /** True if there is an x87 FPU: on the chip, or a 387 beside a 386. */
  readonly fpu: boolean;
  /** Which rules of what is tracked as a paging structure (TRACKING_REVISION). */
  readonly trackingRevision: number;
  /** Which behaviour of the devices (CHIPSET_REVISION). */
  readonly chipsetRevision: number;
  /** Which rules of what a boot protocol lays in memory (BOOT_REVISION). */
  readonly bootRevision: number;
  /** Which rules of what becomes an event (EVENT_REVISION). */
  readonly eventRevision: number;
  /** TLB entries in total and per set; entries/ways must be a power of two. A 386 has 32 in 4 ways. */
  readonly tlbEntries: number;
  readonly tlbWays: number;
  /** Virtual speed: retired instructions per virtual second; relates icount to the 8254 and the disk. */
  readonly instructionsPerSecond: number;
  /** Disk completion latency, instructions, inclusive bounds of the distribution drawn through Nondet. */
  readonly diskLatencyMin: number;
  readonly diskLatencyMax: number;
  readonly detail: Detail;
  /** With detail `stores`: icount from which stores are recorded. */
  readonly storesFrom: number;
}

/** 1: a directory that no longer maps the executing code is none. Rises when the same run would have other events. */
export const TRACKING_REVISION = 1;

/**
 * 31: interrupt lines fall when their devices' conditions do (8254, 16550, cascade), counts of the 8254 wait for the end of
 * the period, an ATA channel without drives has DD7 pulled down, and each block of a disk transfer has a time of its own.
 */
export const CHIPSET_REVISION = 31;

/** 32: the Multiboot information lies where neither kernel nor modules do, and its base memory is that of CMOS, 640 KB. */
export const BOOT_REVISION = 32;

/**
 * Rises when the same run would have other events, or interrupt frames. 33: repeats made while paging is off are folded
 * (repeats.ts); interrupt frames follow the code from stack to stack (cpu/interrupt-depth.ts); each iteration of a repeated
 * string instruction that reads through the alternate window has a row (cpu/instructions/strings.ts).
 */
export const EVENT_REVISION = 33;

export const DEFAULT_CONFIG: MachineConfig = {
  ramBytes: 16 << 20,
  cpuModel: DEFAULT_CPU,
  cpuRevision: CPU_REVISION,
  fpu: true,
  trackingRevision: TRACKING_REVISION,
  chipsetRevision: CHIPSET_REVISION,
  bootRevision: BOOT_REVISION,
  eventRevision: EVENT_REVISION,
  tlbEntries: 32,
  tlbWays: 4,
  instructionsPerSecond: 10_000_000,
  diskLatencyMin: 5_000,
  diskLatencyMax: 120_000,
  detail: 'paging',
  storesFrom: 0,
};

/** The place in which a kernel keeps the running process: a pointer's linear address, byte offsets in what it points to. */
export interface ProcessLayout {
  readonly current: number;
  readonly pid: number;
  /** Bytes of the id; 4 unless said. */
  readonly pidBytes?: 2 | 4;
  readonly comm: number;
  /** The pointer is set after CR3 is loaded, so it is read when the kernel returns to user mode, and not with CR3. */
  readonly afterCr3?: boolean;
}

/** A guest's address-space layout, as far as the recorder knows it. Resolved to addresses before the run (profile.ts). */
export interface ResolvedProfile {
  readonly name: string;
  /** PDE slot through which the current directory maps itself; -1 when the guest has none. */
  readonly recursiveSlot: number;
  /** PDE slot of the alternate page table map; -1 when the guest has none. */
  readonly alternateSlot: number;
  /** The place to read the running process from on a CR3 load; absent when unknown. */
  readonly process?: ProcessLayout;
}

export const NO_PROFILE: ResolvedProfile = { name: 'none', recursiveSlot: -1, alternateSlot: -1 };

import { DETAIL } from '../events.ts';
import { MAX_RAM_BYTES, MAX_TLB_ENTRIES } from './limits.ts';
import { CPU_MODELS, isProcessorName, type ProcessorName, UNNAMED_CPU } from './processor-name.ts';

/**
 * The one table of the machine's configuration: everything that shapes a run besides guest, disks and inputs. The type MachineConfig, the
 * header's message (a test compares trace.proto with it), the bounds of the command line and of a stranger's header, `info`, `record
 * --help` and the table in docs/trace-format.md are made from it.
 *
 * To add a field, add a row with the next number, set `absent` to the previous behaviour, and add the line to trace.proto.
 */

export interface ConfigurationField<Value> {
  /** Field number in trace.proto's MachineConfig; the name there is the same in snake_case. */
  readonly id: number;
  /** Field type there. */
  readonly type: 'uint32' | 'uint64' | 'bool' | 'string';
  /** Meaning and unit. */
  readonly doc: string;
  /** Default in a new recording. */
  readonly initial: Value;
  /**
   * The value for a header without the field: the behaviour of the versions that had no such field. If undefined, such a header is
   * rejected.
   */
  readonly absent?: Value;
  /** The option of `record` that sets it. */
  readonly option?: string;
  /** Completes "it must be …". */
  readonly must: string;
  readonly fits: (value: unknown) => value is Value;
  /** For a revision: the changes that each number introduced. */
  readonly revisions?: Readonly<Record<number, string>>;
}

type Rest<Value> = Omit<ConfigurationField<Value>, 'id' | 'fits' | 'type' | 'must'>;

const within = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;

/** A whole number. */
const count = (
  id: number,
  type: 'uint32' | 'uint64',
  { min, max, unit = 1, ...rest }: Rest<number> & { min: number; max: number; unit?: number; must: string },
): ConfigurationField<number> => ({
  ...{ id, type, ...rest },
  fits: (value): value is number => within(value, min, max) && value % unit === 0,
});

const flag = (id: number, rest: Rest<boolean>): ConfigurationField<boolean> => ({
  ...{ id, type: 'bool' as const, must: 'true or false', ...rest },
  fits: (value): value is boolean => typeof value === 'boolean',
});

/** One of several words. */
const word = <Word extends string>(
  id: number,
  words: readonly Word[],
  rest: Rest<Word>,
): ConfigurationField<Word> => ({
  ...{ id, type: 'string' as const, must: words.join(', '), ...rest },
  fits: (value): value is Word => words.some((known) => known === value),
});

/** A revision number of a part of the machine: a trace is replayed with the behaviour of the number that it was recorded with. */
const revision = (
  id: number,
  doc: string,
  revisions: Readonly<Record<number, string>>,
): ConfigurationField<number> => {
  const known = Object.keys(revisions).map(Number);
  return {
    ...{ id, type: 'uint32', doc, revisions, must: known.join(', ') },
    ...{ initial: Math.max(...known), absent: 0 },
    fits: (value): value is number => known.some((number) => number === value),
  };
};

const MB = 2 ** 20;
const MAX_U32 = 2 ** 32 - 1;

export const CONFIGURATION = {
  ramBytes: count(1, 'uint32', {
    doc: 'guest RAM, bytes',
    option: 'ram',
    initial: 16 * MB,
    // With 1 MB there would be no RAM above the display and the BIOS, where kernels are loaded.
    ...{ min: 2 * MB, max: MAX_RAM_BYTES, unit: MB },
    must: `whole megabytes, 2 to ${MAX_RAM_BYTES / MB}`,
  }),
  cpuModel: {
    id: 20,
    type: 'string',
    doc: 'the processor: a model, then features added or removed, for example `pentium,+cmov`',
    option: 'cpu',
    initial: 'pentium',
    // A Pentium with global pages and without FPU, VME and debugging extensions.
    absent: UNNAMED_CPU,
    must: `${CPU_MODELS.join(', ')}; features with + or -, for example pentium,+cmov`,
    fits: isProcessorName,
  } as ConfigurationField<ProcessorName>,
  cpuRevision: revision(21, 'behaviour of the processor models', {
    0: 'as in version 0.1',
    1: 'a 386 and a 486 leave undefined flags as the 80286 does, and have test registers',
    2: `while paging is enabled, stores by micro-ops check data breakpoints and address line 20; POP SS moves ESP by the previous stack size;
ENTER with a 32-bit operand loads all of EBP; #UD, and #GP by IOPL, come before operands are read; PUSH and POP of a segment
register access two bytes; a 16-bit TSS fills upper halves with ones; BSWAP of 16 bits clears; a 386 and a 486 have UMOV; a Pentium Pro
has hint NOPs, and its SHLD and SHRD shift the destination in again; an x87 store prevented by an exception does not access its operand;
a 386 leaves its own undefined flags, scales a base without an index, and pops the upper half of ESP`,
  }),
  fpu: flag(25, {
    doc: 'an x87 FPU: on the chip, or a 387 beside a 386',
    option: 'fpu',
    initial: true,
    absent: false,
  }),
  printer: flag(26, {
    doc: 'a printer on LPT1 (378h, IRQ 7); printed text is the console `lpt1`',
    option: 'printer',
    initial: false,
    absent: false,
  }),
  trackingRevision: revision(
    30,
    'rules that decide which frames are paging structures, whose stores are events',
    {
      0: 'as in version 0.1: in a guest without a recursive slot, only an empty directory ceases to be a directory',
      1: 'a directory that no longer maps the executing code ceases to be one',
    },
  ),
  chipsetRevision: revision(31, 'behaviour of the devices', {
    0: "as in version 0.2: the 8254's output is a pulse, and only the first block of a disk transfer has a time of its own",
    31: `interrupt lines fall when their devices' conditions do (8254, 16550, cascade), counts of the 8254 wait for the end of the
period, an ATA channel without drives has DD7 pulled down, and each block of a disk transfer has a time of its own`,
  }),
  bootRevision: revision(32, 'contents and places of the memory that a boot protocol sets up', {
    0: 'as in version 0.2: the Multiboot information lies at 9000h',
    32: 'the Multiboot information avoids the kernel and the modules; its base memory is that of CMOS, 640 KB',
  }),
  eventRevision: revision(
    33,
    'rules that decide what becomes an event, and which code belongs to an interrupt frame',
    {
      0: 'as in versions 0.1 and 0.2: every event is a row, and a frame stays on its initial stack page',
      33: `repeats are folded while paging is disabled; interrupt frames follow the code from stack to stack; each iteration of a
repeated string instruction that reads through the alternate window is a row, and so is each reset of the processor, and each begin and
end of a frame's use as page directory or page table`,
      34: 'every event has the ESP of its moment',
    },
  ),
  tlbEntries: count(2, 'uint32', {
    doc: 'TLB entries in total; a 386 has 32 in 4 ways',
    option: 'tlb',
    initial: 32,
    ...{ min: 1, max: MAX_TLB_ENTRIES },
    must: `at most ${MAX_TLB_ENTRIES}, and a power of two times the ways`,
  }),
  tlbWays: count(3, 'uint32', {
    doc: 'TLB entries in a set',
    option: 'tlb',
    initial: 4,
    ...{ min: 1, max: MAX_TLB_ENTRIES },
    must: '1 to the number of entries',
  }),
  instructionsPerSecond: count(4, 'uint64', {
    doc: 'retired instructions per virtual second: the speed of the processor as the guest sees it',
    option: 'mips',
    initial: 10_000_000,
    // The 8254 counts 1.19 million times a second, so a processor much slower than that could not keep up with it.
    ...{ min: 1e6, max: 1e10 },
    must: '1 million to 10 billion',
  }),
  // A latency is an input, which has 32 bits.
  diskLatencyMin: count(5, 'uint64', {
    doc: 'shortest time of a disk command, instructions',
    option: 'disk-latency',
    ...{ initial: 5_000, absent: 0 },
    ...{ min: 0, max: MAX_U32 },
    must: 'below 2^32 instructions',
  }),
  diskLatencyMax: count(6, 'uint64', {
    doc: 'longest time of a disk command, instructions; each time is drawn between the two through Nondet',
    option: 'disk-latency',
    ...{ initial: 120_000, absent: 0 },
    ...{ min: 0, max: MAX_U32 },
    must: 'at least the shortest time, below 2^32 instructions',
  }),
  jitter: count(9, 'uint32', {
    doc:
      "largest delay of the timer's interrupt, percent of its period, and of the serial port's transmitter, percent of a character; " +
      'each delay is drawn through Nondet',
    option: 'jitter',
    ...{ initial: 0, absent: 0 },
    ...{ min: 0, max: 99 },
    must: '0 to 99 percent',
  }),
  detail: word(7, DETAIL, {
    doc: 'which tables hold events: `off` none, `paging` all but stores, `stores` all',
    option: 'detail',
    initial: 'paging',
  }),
  storesFrom: count(8, 'uint64', {
    doc: 'with detail `stores`: icount from which stores are recorded',
    ...{ initial: 0, absent: 0 },
    ...{ min: 0, max: Number.MAX_SAFE_INTEGER },
    must: 'an icount',
  }),
};

type Table = typeof CONFIGURATION;

export type ConfigurationName = keyof Table;

/** Everything that shapes a run besides guest image, disk images and inputs. Stored in the trace header. */
export type MachineConfig = { readonly [Name in ConfigurationName]: Table[Name]['initial'] };

/** A row with its names in MachineConfig and in trace.proto. */
export interface NamedField extends ConfigurationField<number | boolean | string> {
  readonly name: ConfigurationName;
  /** As in trace.proto: ram_bytes. */
  readonly wireName: string;
}

const wireNameOf = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const named = (name: string): NamedField => ({
  ...(CONFIGURATION[name as ConfigurationName] as ConfigurationField<number | boolean | string>),
  name: name as ConfigurationName,
  wireName: wireNameOf(name),
});

/** The rows, in the order of the table. */
export const CONFIGURATION_FIELDS: readonly NamedField[] = Object.keys(CONFIGURATION).map(named);

/** The default machine of a new recording. */
export const DEFAULT_CONFIG = Object.fromEntries(
  CONFIGURATION_FIELDS.map(({ name, initial }) => [name, initial]),
) as unknown as MachineConfig;

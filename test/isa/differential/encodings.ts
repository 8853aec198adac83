import {
  ONE_BYTE,
  ONE_BYTE_MODRM,
  type Opcode,
  type OpcodeEntry,
  TWO_BYTE,
  TWO_BYTE_MODRM,
} from '../../../recorder/machine/cpu/opcodes.ts';

/** One row of the opcode table, as bytes to emit. */
export interface Encoding {
  readonly opcode: Opcode;
  readonly bytes: readonly number[];
  readonly modrm: boolean;
  /** ModRM.reg that selects the row within its group; -1 when the field is free. */
  readonly group: number;
}

/** Rows that are not compared with the host, and why. */
const LEFT_OUT: Record<string, string> = {
  cpuid: 'says which processor it is',
  rdtsc: 'the time',
  sgdt: 'the tables of the host, or what its kernel emulates under CR4.UMIP (SDM volume 3, 2.5)',
  sidt: 'as SGDT',
  sldt: 'as SGDT',
  str: 'as SGDT',
  smsw: 'as SGDT',
  int1: 'a hypervisor may report it at its own address',
  rdpmc: 'CR4.PCE of the host decides',
};
/** The host's descriptor tables decide what these say of any selector but null and the two of user mode. */
export const ASK_OF_SELECTORS = new Set(['lar', 'lsl', 'verr', 'verw']);

function rows(
  table: readonly OpcodeEntry[],
  modrm: readonly boolean[],
  prefix: readonly number[],
): Encoding[] {
  return table.flatMap((entry, code) => {
    if (entry === undefined) return [];
    const bytes = [...prefix, code];
    if ('mnemonic' in entry) return [{ opcode: entry, bytes, modrm: modrm[code], group: -1 }];
    return entry.flatMap((opcode, group) => (opcode ? [{ opcode, bytes, modrm: true, group }] : []));
  });
}

/** The coprocessor has vectors of its own (test/isa/fpu). */
export const ENCODINGS: readonly Encoding[] = [
  ...rows(ONE_BYTE, ONE_BYTE_MODRM, []),
  ...rows(TWO_BYTE, TWO_BYTE_MODRM, [0x0f]),
]
  .filter(({ bytes: [first] }) => first < 0xd8 || first > 0xdf)
  .filter(({ opcode }) => LEFT_OUT[opcode.mnemonic] === undefined);

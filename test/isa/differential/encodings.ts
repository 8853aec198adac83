import {
  ONE_BYTE,
  ONE_BYTE_MODRM,
  type Opcode,
  type OpcodeEntry,
  TWO_BYTE,
  TWO_BYTE_MODRM,
} from '../../../recorder/machine/cpu/decode/opcodes.ts';

/** One row of the opcode table, as bytes to emit. */
export interface Encoding {
  readonly opcode: Opcode;
  readonly bytes: readonly number[];
  readonly modrm: boolean;
  /** ModRM.reg that selects the row within its group; -1 when the field is free. */
  readonly group: number;
  /** Of an escape's row without a memory operand: ModRM, whose last three bits are free if `anyRm`. */
  readonly register?: number;
  readonly anyRm?: boolean;
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
  sysenter: 'calls the kernel of the host',
  umov: 'MOVUPS and its kin on the host',
  sysexit: 'a host that has no such call knows none',
  ...Object.fromEntries(
    ['f2xm1', 'fyl2x', 'fyl2xp1', 'fpatan', 'fptan', 'fsin', 'fcos', 'fsincos'].map((mnemonic) => [
      mnemonic,
      'the last bit of its result is its own in every processor; test/isa/fpu compares it alone',
    ]),
  ),
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
    if (entry.length > 8) return escapes(entry, bytes);
    return entry.flatMap((opcode, group) => (opcode ? [{ opcode, bytes, modrm: true, group }] : []));
  });
}

/** Of an escape: with a memory operand by ModRM.reg, then by register, or one by one. */
function escapes(entry: readonly (Opcode | undefined)[], bytes: readonly number[]): Encoding[] {
  return entry.flatMap((opcode, n) => {
    // FISTTP of SSE3 has taken some of the reserved rows.
    if (!opcode || (n < 8 && opcode.mnemonic === 'fpreserved')) return [];
    if (n < 8) return [{ opcode, bytes, modrm: true, group: n }];
    const anyRm = opcode.operands.includes('STi');
    if (anyRm && n % 8 !== 0) return [];
    return [{ opcode, bytes, modrm: true, group: n >> 3, register: 0xb8 + n, anyRm }];
  });
}

export const ALL_ENCODINGS: readonly Encoding[] = [
  ...rows(ONE_BYTE, ONE_BYTE_MODRM, []),
  ...rows(TWO_BYTE, TWO_BYTE_MODRM, [0x0f]),
];
export const ENCODINGS: readonly Encoding[] = ALL_ENCODINGS.filter(
  ({ opcode }) => LEFT_OUT[opcode.mnemonic] === undefined,
);

export const isFloating = ({ bytes: [first] }: Encoding): boolean => (first & 0xf8) === 0xd8;

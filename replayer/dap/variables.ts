import type { DebugProtocol } from '@vscode/debugprotocol';
import { BadInput } from '../../schemas/bad-input.ts';
import { GENERAL_REGISTERS, SEGMENT_REGISTERS } from '../../schemas/registers.ts';
import type { Debuggee } from '../debug/debuggee.ts';
import { hex } from '../debug/guest-code.ts';
import { cpuOf } from '../debug/register.ts';
import { changeRegister, registerNumber } from '../debug/registers.ts';
import type { Data } from './values.ts';

/** Registers and system state as scopes of an editor. */

interface Shown {
  readonly name: string;
  readonly value: string;
}

interface ScopeSpec {
  readonly name: string;
  read(debuggee: Debuggee): Shown[];
}

const grouped = (n: number) => n.toLocaleString('en-US');

/** Scopes of a stop. Registers are those of the innermost frame, whichever frame is selected. */
export const SCOPES: readonly ScopeSpec[] = [
  {
    name: 'Registers',
    read: ({ machine }) => {
      const cpu = cpuOf(machine);
      return [
        ...GENERAL_REGISTERS.map((name, n) => ({ name, value: hex(cpu.register(n)) })),
        { name: 'eip', value: hex(cpu.eip) },
        { name: 'eflags', value: hex(cpu.eflags) },
      ];
    },
  },
  {
    name: 'Segments',
    read: ({ machine }) =>
      SEGMENT_REGISTERS.map((name, n) => ({ name, value: hex(cpuOf(machine).segment(n)[0]) })),
  },
  {
    name: 'Paging',
    read: ({ machine: { cpu } }) => [
      { name: 'cr0', value: hex(cpu.cr0) },
      { name: 'cr2', value: hex(cpu.cr2) },
      { name: 'cr3', value: hex(cpu.cr3) },
      { name: 'cr4', value: hex(cpu.cr4) },
    ],
  },
  {
    name: 'Run',
    read: ({ position, recording, machine: { cpu }, isWhatIf }) => [
      { name: 'icount', value: grouped(position.icount) },
      { name: 'of', value: grouped(recording.end) },
      { name: 'deliveries', value: String(position.deliveries) },
      { name: 'cpl', value: String(cpu.cpl) },
      { name: 'interrupt depth', value: String(cpu.depth) },
      { name: 'what-if run', value: isWhatIf ? 'yes' : 'no' },
    ],
  },
];

/** Undefined for an unknown scope. */
export const variables = (debuggee: Debuggee, scope: number): DebugProtocol.Variable[] | undefined =>
  SCOPES[scope]?.read(debuggee).map(({ name, value }) => ({
    name,
    value,
    variablesReference: 0,
    ...(value.startsWith('0x') ? { memoryReference: value } : {}),
  }));

/** Sets a register, in a what-if run; returns its new value. */
export function setVariable(debuggee: Debuggee, name: string, value: number): string {
  const number = registerNumber(name);
  if (number < 0) throw new BadInput(`${name} cannot be set`);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  const change = changeRegister(debuggee.machine, number, bytes.toString('hex'));
  if ('refused' in change) throw new BadInput(change.refused);
  debuggee.beforeWrite();
  change.apply();
  debuggee.afterWrite();
  return hex(value);
}

/** Sets a variable of the guest's program, in a what-if run; returns its new value. */
export function setMemory(
  debuggee: Debuggee,
  name: string,
  { address, type: { kind, bytes }, bits }: Data,
  value: number,
): string {
  const isScalar = (kind === 'base' || kind === 'pointer' || kind === 'enumeration') && bytes <= 4 && !bits;
  if (address === undefined) throw new BadInput(`${name} is not in memory: set the register that holds it`);
  if (!isScalar) throw new BadInput(`${name} is not a number: set its members`);
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value >>> 0);
  if (!debuggee.writeMemory('linear', address, word.subarray(0, bytes)))
    throw new BadInput(`${hex(address)} is not mapped`);
  return String(value);
}

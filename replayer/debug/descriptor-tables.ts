import { CR0_PE } from '../../recorder/machine/control-registers.ts';
import {
  ACCESSED,
  BIG,
  baseOf,
  CONFORMING,
  dplOf,
  EXPAND_DOWN,
  isApplication,
  isCode,
  isPresent,
  limitOf,
  READABLE,
  TASK_GATE,
  TSS_32,
  TSS_32_BUSY,
  typeOf,
  WRITABLE,
} from '../../recorder/machine/cpu/descriptors.ts';
import { GDT_BASE, GDT_LIMIT, IDT_BASE, IDT_LIMIT, TR } from '../../recorder/machine/cpu/state.ts';
import { GENERAL_REGISTERS, SEGMENT_REGISTERS } from '../../schemas/registers.ts';
import type { Debuggee } from './debuggee.ts';
import { cpuOf } from './register.ts';

/** The processor's descriptor tables in memory (80386 Programmer's Reference, 5.1.3, 9.4 and 7.1). */

/** Maximum rows of a table shown. */
const MAX_ROWS = 1024;
const VECTORS = 256;
const GATE_32 = 8;
const SYSTEM_TYPES: readonly string[] = [
  ...[
    '(reserved 0)',
    'TSS 16',
    'LDT',
    'TSS 16, busy',
    'call gate 16',
    'task gate',
    'interrupt gate 16',
    'trap gate 16',
  ],
  ...[
    '(reserved 8)',
    'TSS 32',
    '(reserved 10)',
    'TSS 32, busy',
    'call gate 32',
    '(reserved 13)',
    'interrupt gate 32',
    'trap gate 32',
  ],
];

/** Names an address. */
export type Symbol = (address: number) => string;

interface Descriptor {
  readonly n: number;
  readonly low: number;
  readonly high: number;
}

const hex = (n: number, digits = 8): string => (n >>> 0).toString(16).padStart(digits, '0');

export function gdt(debuggee: Debuggee, symbol: Symbol): string {
  const { i32 } = debuggee.machine.mem;
  const [base, limit] = [i32[GDT_BASE], i32[GDT_LIMIT]];
  const rows = descriptors(debuggee, base, limit)
    .filter(({ low, high }) => low !== 0 || high !== 0)
    .map(({ n, low, high }) => `${hex(8 * n, 4)}  ${describe(low, high, symbol)}\n`);
  return shown(`gdt base ${hex(base)} limit ${hex(limit, 4)}`, rows);
}

export function idt(debuggee: Debuggee, symbol: Symbol): string {
  const { machine } = debuggee;
  const { i32 } = machine.mem;
  const [base, limit] = [i32[IDT_BASE], i32[IDT_LIMIT]];
  const head = `idt base ${hex(base)} limit ${hex(limit, 4)}`;
  if ((machine.cpu.cr0 & CR0_PE) === 0)
    return shown(`${head}, real mode`, realModeVectors(debuggee, base, limit));
  const rows = descriptors(debuggee, base, limit)
    .slice(0, VECTORS)
    .filter(({ low, high }) => low !== 0 || high !== 0)
    .map(({ n, low, high }) => `${hex(n, 2)}  ${describe(low, high, symbol)}\n`);
  return shown(head, rows);
}

export function tss(debuggee: Debuggee, symbol: Symbol): string {
  const [selector, base, limit, attributes] = cpuOf(debuggee.machine).segment(TR);
  if ((attributes & 0xff00) === 0) return 'no task register was loaded\n';
  const type = typeOf(attributes);
  const head = `tr ${hex(selector, 4)}: ${SYSTEM_TYPES[type]}, base ${hex(base)} limit ${hex(limit)}\n`;
  const bytes = debuggee.readMemory('linear', base, 104);
  if (bytes.length < 104 || (type !== TSS_32 && type !== TSS_32_BUSY)) return head;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const word = (at: number) => hex(view.getUint32(at, true));
  const half = (at: number) => hex(view.getUint16(at, true), 4);
  const stacks = [0, 1, 2].map((level) => `ring ${level} ${half(8 + 8 * level)}:${word(4 + 8 * level)}`);
  const general = GENERAL_REGISTERS.map((name, n) => `${name} ${word(40 + 4 * n)}`);
  const segments = SEGMENT_REGISTERS.map((name, n) => `${name} ${half(72 + 4 * n)}`);
  return [
    head,
    `  stacks: ${stacks.join(', ')}\n`,
    `  eip ${word(32)} ${symbol(view.getUint32(32, true))}, eflags ${word(36)}, cr3 ${word(28)}\n`,
    `  ${general.join(' ')}\n`,
    `  ${segments.join(' ')} ldt ${half(96)}\n`,
    `  back link ${half(0)}, trap ${view.getUint16(100, true) & 1}, I/O map at ${half(102)}\n`,
  ].join('');
}

function descriptors(debuggee: Debuggee, base: number, limit: number): Descriptor[] {
  const bytes = debuggee.readMemory('linear', base, (limit & 0xffff) + 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length >>> 3 }, (_, n) => ({
    n,
    low: view.getInt32(8 * n, true),
    high: view.getInt32(8 * n + 4, true),
  }));
}

function realModeVectors(debuggee: Debuggee, base: number, limit: number): string[] {
  const bytes = debuggee.readMemory('linear', base, Math.min((limit & 0xffff) + 1, 4 * VECTORS));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from(
    { length: bytes.length >>> 2 },
    (_, n) =>
      `${hex(n, 2)}  ${hex(view.getUint16(4 * n + 2, true), 4)}:${hex(view.getUint16(4 * n, true), 4)}\n`,
  );
}

const shown = (head: string, rows: readonly string[]): string => {
  const more = rows.length - MAX_ROWS;
  return `${head}: ${rows.length} entries\n${rows.slice(0, MAX_ROWS).join('')}${more > 0 ? `… ${more} more\n` : ''}`;
};

function describe(low: number, high: number, symbol: Symbol): string {
  const end = `DPL ${dplOf(high)}${isPresent(high) ? '' : ', not present'}`;
  if (isApplication(high)) return `${segment(high)} ${extent(low, high)} ${end}`;
  const type = typeOf(high);
  const name = SYSTEM_TYPES[type];
  const isGate = (type & 4) !== 0;
  if (!isGate) return `${name} ${extent(low, high)} ${end}`;
  const selector = hex(low >>> 16, 4);
  if (type === TASK_GATE) return `${name} ${selector} ${end}`;
  const offset = (low & 0xffff) | (type & GATE_32 ? high & 0xffff0000 : 0);
  return `${name} ${selector}:${hex(offset)} ${symbol(offset)} ${end}`;
}

const extent = (low: number, high: number): string =>
  `base ${hex(baseOf(low, high))} limit ${hex(limitOf(low, high))}`;

function segment(high: number): string {
  const size = high & BIG ? 32 : 16;
  const accessed = high & ACCESSED ? ' accessed' : '';
  if (isCode(high))
    return `code ${size} ${high & READABLE ? 'rx' : '-x'}${high & CONFORMING ? ' conforming' : ''}${accessed}`;
  return `data ${size} ${high & WRITABLE ? 'rw' : 'r-'}${high & EXPAND_DOWN ? ' expand-down' : ''}${accessed}`;
}

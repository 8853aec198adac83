import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { type Exception, exceptionFacts, exceptionName, type Streak } from './exceptions.ts';
import { isMeant, successCodes } from './exit-codes.ts';
import { isFatal } from './fatal-fault.ts';
import { addressIn, panicLine } from './panic-lines.ts';

/** Signs that a guest failed, from its trace alone. */

/** Kinds of sign, worst first: what killed the machine before what it said of it. */
export const SIGN_KINDS = [
  'kernel_fault',
  'triple_fault',
  'panic',
  'exit_code',
  'exception_loop',
  'halted',
] as const;
export type SignKind = (typeof SIGN_KINDS)[number];

/** From what a sign is known. */
export const SIGN_SOURCES = ['exceptions', 'console', 'screen', 'end'] as const;

/** A sign that a guest failed, as far as its trace shows. */
export interface Sign {
  readonly kind: SignKind;
  readonly source: (typeof SIGN_SOURCES)[number];
  /** Of a loop the first exception's. */
  readonly icount: number;
  /** Of the event that shows it; null for what the end of the trace says. */
  readonly seq: number | null;
  readonly eip: number | null;
  readonly cr3: number | null;
  readonly cpl: number | null;
  /** Of an exception. */
  readonly vector: number | null;
  readonly errorCode: number | null;
  /** Linear address that the sign names: of a page fault, or in the words of a panic. */
  readonly address: number | null;
  /** Exceptions of a loop. */
  readonly repeats: number | null;
  /** For people; addresses as numbers. */
  readonly text: string;
}

const NOTHING = {
  seq: null,
  eip: null,
  cr3: null,
  cpl: null,
  vector: null,
  errorCode: null,
  address: null,
  repeats: null,
} as const;

/** Fewer exceptions at one place may be a wait. */
const LOOP = 1000;
/** Instructions from one to the next, on average; more is a program that is started and killed again and again. */
const LONGEST_PERIOD = 20_000;
/** The loop still ran at the end when it had not been silent for more than so many times its period. */
const SILENT_PERIODS = 20;
const PAGE_FAULT = 14;
const GENERAL_PROTECTION = 13;
/** Ends that come from outside; the last is that of a torn trace. */
const STOPPED: ReadonlySet<string> = new Set(['limit', 'interrupted', 'unspecified']);
/** Traps, and the coprocessor's exceptions: something else goes on between two of them. */
const NO_LOOPS: ReadonlySet<number> = new Set([1, 3, 4, 7, 16]);

/**
 * Every sign, in the order of SIGN_KINDS; none for a guest whose end was meant (`--expect-exit`). A bad exit code that follows the
 * words of a panic, and a halt that follows those or a fault, say nothing new.
 */
export function signsOf(reader: TraceReader): Sign[] {
  const { header, footer } = reader;
  if (isMeant(header, footer?.exit)) return [];
  const end = endOf(reader);
  const words = panic(reader);
  const [death] = [...words, ...end].sort((a, b) => a.icount - b.icount);
  const { streak, kernelFault } = exceptionFacts(reader, death?.icount ?? Number.NEGATIVE_INFINITY);
  const fault = death && kernelFault && isFatal(reader, kernelFault, death) ? [faultOf(kernelFault)] : [];
  const loop = streak && loopAtEnd(streak, reader);
  const causes = [...fault, ...words, ...(loop ? [loop] : [])];
  const isNews = ({ kind }: Sign) =>
    kind === 'triple_fault' || (kind === 'exit_code' ? words.length === 0 : causes.length === 0);
  return [...causes, ...end.filter(isNews)].sort(
    (a, b) => SIGN_KINDS.indexOf(a.kind) - SIGN_KINDS.indexOf(b.kind),
  );
}

function endOf({ header, names, footer, endIcount: icount }: TraceReader): Sign[] {
  if (!footer) return [];
  const { exit, endState } = footer;
  const at = { ...NOTHING, source: 'end', icount } as const;
  const where = endState ? { eip: endState.pc, cr3: endState.cr3, cpl: endState.cpl } : {};
  switch (exit.kind) {
    case 'shutdown':
      return [{ ...at, ...where, kind: 'triple_fault', text: `the processor shut down: ${exit.message}` }];
    case 'exit': {
      const good = successCodes({ ...header, profile: names.profile });
      if (good.includes(exit.code)) return [];
      const codes = good.map((code) => `0x${code.toString(16)}`).join(' or ');
      const text = `the guest ended with exit code 0x${exit.code.toString(16)}; success is ${codes}`;
      return [{ ...at, ...where, kind: 'exit_code', text }];
    }
    case 'stuck':
      return [{ ...at, ...where, kind: 'halted', text: 'the processor halted, and nothing can wake it' }];
    default:
      return [];
  }
}

function panic(reader: TraceReader): Sign[] {
  const line = panicLine(reader);
  if (!line) return [];
  const { icount, seq, cr3, source, text } = line;
  const address = addressIn(text) ?? null;
  const said = { ...NOTHING, kind: 'panic', icount, seq, cr3, source, address } as const;
  return [{ ...said, text: `the ${source} says "${text}"` }];
}

/** A fault in kernel code that nothing but the end of the machine came after. */
function faultOf(fault: Exception): Sign {
  const { icount, seq, eip, cr3, cpl, vector, errorCode, cr2, handler } = fault;
  const why = vector === PAGE_FAULT ? `: ${accessOf(errorCode, cr2)}` : '';
  const undelivered = handler === 0 ? '; it could not be delivered' : '';
  return {
    ...{ kind: 'kernel_fault', source: 'exceptions', icount, seq, eip, cr3, cpl },
    ...{ vector, errorCode, address: vector === PAGE_FAULT ? cr2 : null, repeats: null },
    text: `${exceptionName(vector)} in kernel code${why}${undelivered}`,
  };
}

/** The error code of a page fault in words (80386 Programmer's Reference, 9.8.14). */
const accessOf = (code: number, address: number): string =>
  `${code & 2 ? 'write' : 'read'} of ${hex(address)}, ${code & 1 ? 'which its entry does not allow' : 'not present'}`;

const hex = (address: number): string => (address >>> 0).toString(16).padStart(8, '0');

function loopAtEnd(streak: Streak, reader: TraceReader): Sign | undefined {
  const { exception, count, firstIcount, lastIcount } = streak;
  // A guest that came to an end by itself was not held up by it.
  if (!STOPPED.has(reader.footer?.exit.kind ?? 'unspecified')) return undefined;
  const { icount, seq, eip, cr3, cpl, vector, errorCode, cr2 } = exception;
  // What a virtual-8086 monitor emulates are general protection faults at CPL 3, often in a loop of the program's.
  if (count < LOOP || NO_LOOPS.has(vector) || (vector === GENERAL_PROTECTION && cpl === 3)) return undefined;
  const period = Math.max(1, (lastIcount - firstIcount) / (count - 1));
  const silence = reader.endIcount - lastIcount;
  if (period > LONGEST_PERIOD || silence > SILENT_PERIODS * period) return undefined;
  const instruction = instructionOf(reader);
  const address = vector === PAGE_FAULT ? cr2 : null;
  return {
    ...{ kind: 'exception_loop', source: 'exceptions', icount, seq, eip, cr3, cpl },
    ...{ vector, errorCode, address, repeats: count },
    text:
      `${exceptionName(vector)} ${count.toLocaleString('en-US')} times in a row at one instruction` +
      `${instruction ? ` (${instruction})` : ''}${address === null ? '' : ` for ${hex(address)}`}, to the end of the run`,
  };
}

/** The instruction of the last exception, as the end of the trace keeps it. */
export function instructionOf({ footer }: TraceReader): string | undefined {
  const code = footer?.endState?.exceptionCode ?? new Uint8Array();
  if (code.length === 0) return undefined;
  let at = 0;
  const line = disassemble(() => code[at++] ?? 0, 0, footer?.endState?.wide ?? true);
  return typeof line === 'string' ? undefined : line.text;
}

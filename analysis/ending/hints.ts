import { Decoder } from '../../recorder/machine/cpu/decode/decoder.ts';
import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import { type Processor, processorOf } from '../../recorder/machine/cpu/decode/models.ts';
import { IF } from '../../recorder/machine/cpu/flags.ts';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { EndState } from '../../schemas/trace/end-state.ts';
import { CPU_FEATURES, type CpuFeature } from '../../schemas/trace/processor-name.ts';
import { exceptionVectorAtEnd } from './exceptions.ts';

/** Likely reasons why a guest is stuck, each with what to try. */

/** A likely reason why a guest is stuck, and what to try. */
export interface Hint {
  readonly name: (typeof HINTS)[number];
  readonly text: string;
  /** A command, an option or a page. */
  readonly next?: string;
}

/** docs/guests.md tells of each. */
export const HINTS = ['cpu-feature', 'uart-out2', 'absent-device', 'halted', 'graphics', 'window'] as const;

/** Every hint that a trace gives: from its header, and from what the machine was doing at the end. */
export function hintsOf(reader: TraceReader): Hint[] {
  const { header, footer } = reader;
  const state = footer?.endState;
  if (!state) return [];
  const isWaiting = ['limit', 'interrupted', 'stuck'].includes(footer.exit.kind);
  return [
    featureHint(reader, state, header.machine.cpuModel),
    serialHint(state),
    ...(isWaiting
      ? [absentHint(state), haltHint(state, footer.exit.kind === 'stuck'), graphicsHint(state)]
      : []),
  ].filter((hint) => hint !== undefined);
}

const INVALID_OPCODE = 6;

/** The last exception was #UD for an instruction that another processor knows. */
function featureHint(reader: TraceReader, state: EndState, cpu: string): Hint | undefined {
  if (state.exceptionCode.length === 0 || exceptionVectorAtEnd(reader) !== INVALID_OPCODE) return undefined;
  const feature = featureOf(state, cpu);
  if (!feature) return undefined;
  const line = disassemble(bytesOf(state.exceptionCode), 0, state.wide);
  const instruction = typeof line === 'string' ? 'the instruction of the last exception' : line.text;
  return {
    name: 'cpu-feature',
    text: `the last exception was #UD at ${instruction}, which --cpu ${cpu} lacks`,
    next: `try --cpu ${cpu},+${feature}`,
  };
}

/** The feature without which the code is no instruction. */
function featureOf({ exceptionCode, wide }: EndState, cpu: string): CpuFeature | undefined {
  const processor = processorOf(cpu);
  const decode = (by?: Processor) => new Decoder(by).decode(bytesOf(exceptionCode), wide);
  const instruction = decode();
  if (typeof instruction === 'string') return undefined;
  const missing = CPU_FEATURES.filter((feature) => !processor.has.has(feature));
  // The coprocessor's conditional moves and compares are decoded by every processor, and refused when executed.
  if (/^f(?:cmov|u?comip?$)/.test(instruction.mnemonic)) return missing.find((feature) => feature === 'cmov');
  if (typeof decode(processor) !== 'string') return undefined;
  return missing.find((feature) => typeof decode(processorOf(`${cpu},+${feature}`)) !== 'string');
}

const bytesOf = (code: Uint8Array) => {
  let at = 0;
  return () => code[at++] ?? 0;
};

const COM1_LINE = 1 << 4;
const OUT2 = 8;

function serialHint({ irqMask, uartEnable, uartModem, uartAsks }: EndState): Hint | undefined {
  if (!uartAsks || uartModem & OUT2 || irqMask & COM1_LINE) return undefined;
  return {
    name: 'uart-out2',
    text:
      `COM1 requests IRQ 4 (interrupt enable register ${hex(uartEnable)}), but OUT2 is off (modem control register ` +
      `${hex(uartModem)}): on a PC the request does not reach the interrupt controller`,
    next: 'the driver has to set MCR bit 3; QEMU has no such gate, so the guest may work there',
  };
}

/** Fewer reads of a port may be a probe. */
const POLLS = 1000;

function absentHint({ absentPort, absentReads }: EndState): Hint | undefined {
  if (absentReads < POLLS) return undefined;
  return {
    name: 'absent-device',
    text: `port ${absentPort.toString(16).toUpperCase()}h was read ${absentReads.toLocaleString('en-US')} times at the end, but has no device: ${deviceAt(absentPort)}`,
    next: 'docs/machine.md has the ports and devices of the machine',
  };
}

/** Devices that a PC has at ports where this machine may have nothing. */
const PLACES: readonly (readonly [first: number, last: number, device: string])[] = [
  [0x1f0, 0x1f7, 'the first ATA channel has no drive (give --disk FILE)'],
  [0x3f6, 0x3f6, 'the first ATA channel has no drive (give --disk FILE)'],
  [0x170, 0x177, 'the second ATA channel has no drive (give --cdrom FILE, or more disks)'],
  [0x376, 0x376, 'the second ATA channel has no drive (give --cdrom FILE, or more disks)'],
  [0x200, 0x20f, 'no game port'],
  [0x220, 0x22f, 'no sound card'],
  [0x2f8, 0x2ff, 'no COM2'],
  [0x3e8, 0x3ef, 'no COM3'],
  [0x2e8, 0x2ef, 'no COM4'],
  [0x378, 0x37f, 'no printer port'],
  [0x300, 0x31f, 'no network card'],
  [0xcf8, 0xcff, 'no PCI bus'],
];

const deviceAt = (port: number): string =>
  PLACES.find(([first, last]) => port >= first && port <= last)?.[2] ?? 'no such device';

function haltHint({ eflags, pc, irqMask }: EndState, stuck: boolean): Hint | undefined {
  if (!stuck) return undefined;
  const off = (eflags & IF) === 0;
  return {
    name: 'halted',
    text: off
      ? `HLT before ${hex(pc)} with interrupts disabled: only a reset ends it`
      : `HLT before ${hex(pc)} with no interrupt left to come (lines masked at the 8259s: ${hex(irqMask)})`,
    next: off ? 'the kernel stopped on purpose, or an idle loop lacks STI' : 'no timer was started',
  };
}

function graphicsHint({ graphics }: EndState): Hint | undefined {
  if (!graphics) return undefined;
  return {
    name: 'graphics',
    text: 'the display is in a graphics mode, which is not emulated, so its contents cannot be shown',
    next: 'have the guest use text mode (for Linux: --append "… vga=normal nomodeset") or the serial console',
  };
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

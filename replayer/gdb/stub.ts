import type { AddressSpace, Debuggee, StopReport } from '../debug/debuggee.ts';
import type { Monitor } from '../debug/monitor.ts';
import {
  changeRegister,
  changeRegisters,
  type RegisterChange,
  readRegister,
  readRegisters,
  targetXml,
  wordOfRegister,
} from '../debug/registers.ts';
import type { StopConditions } from '../timeline/timeline.ts';
import { evaluateAgent } from './agent-expression.ts';
import { bytesOfHex, hexNumbers, hexOf, hexOfText, PACKET_SIZE, unescapeBinary } from './packets.ts';
import { GdbPoints } from './points.ts';

/** The remote serial protocol's commands, answered by the debuggee. */

const ERROR_ARGUMENT = 'E16';
const ERROR_MEMORY = 'E0e';
const SIGINT = 2;
const SIGTRAP = 5;

/** An action of `vCont` and its thread: `s` and `S` step, `c` and `C` continue. */
const RESUME = /^(?:vCont;)?([cs]|[CS][0-9a-f]{2})(?::[-0-9a-fp.]+)?(?:;.*)?$/;

/**
 * The commands of the remote serial protocol (GDB manual, appendix E) on a debuggee with one processor, shown as one thread. All
 * breakpoints act as hardware breakpoints: nothing is written to memory.
 */
export class GdbStub {
  private readonly debuggee: Debuggee;
  private readonly monitor: Monitor;
  private readonly execFile: string | undefined;
  private readonly points = new GdbPoints();
  private space: AddressSpace = 'linear';
  private last: StopReport = { kind: 'step' };
  /** True if gdb understands `swbreak` and `hwbreak`. */
  private breakReasons = false;
  private interrupted = false;

  /** `execFile`: path of a file with the guest's program for gdb, if there is one. */
  constructor(debuggee: Debuggee, monitor: Monitor, execFile?: string) {
    this.debuggee = debuggee;
    this.monitor = monitor;
    this.execFile = execFile;
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.interrupted = true;
  }

  /** Removes the points of a gdb that has disconnected. */
  reset(): void {
    this.points.clear();
    this.space = 'linear';
    this.breakReasons = false;
    this.last = { kind: 'step' };
  }

  /** True if a command runs the target and is answered when it stops. */
  static runs(packet: string): boolean {
    return packet === 'bs' || packet === 'bc' || RESUME.test(packet);
  }

  /** The answer to a packet: empty if it is not supported, undefined if the protocol has no answer. */
  async handle(packet: string): Promise<string | undefined> {
    switch (packet[0]) {
      case '?':
        return this.stopReply();
      case 'g':
        return readRegisters(this.debuggee.machine);
      case 'G':
        if (!bytesOfHex(packet.slice(1))) return ERROR_ARGUMENT;
        return this.change(changeRegisters(this.debuggee.machine, packet.slice(1)));
      case 'p': {
        const [number] = hexNumbers(packet.slice(1), 1) ?? [-1];
        return readRegister(this.debuggee.machine, number) ?? ERROR_ARGUMENT;
      }
      case 'P': {
        const [, number, value] = /^P([0-9a-f]{1,8})=([0-9a-f]+)$/i.exec(packet) ?? [];
        if (value === undefined) return ERROR_ARGUMENT;
        return this.change(changeRegister(this.debuggee.machine, Number.parseInt(number, 16), value));
      }
      case 'm':
        return this.readMemory(packet);
      case 'M':
      case 'X':
        return this.writeMemory(packet);
      case 'Z':
      case 'z':
        return this.setPoint(packet);
      case 'H':
      case 'T':
        return 'OK';
      case 'D':
        return 'OK';
      case 'k':
        return undefined;
      case 'q':
      case 'Q':
        return await this.query(packet);
      default:
        return GdbStub.runs(packet) ? await this.run(packet) : this.rest(packet);
    }
  }

  private rest(packet: string): string {
    if (packet === 'vCont?') return 'vCont;c;C;s;S';
    if (packet.startsWith('vKill')) return 'OK';
    // Other actions are not possible.
    return packet.startsWith('vCont;') ? ERROR_ARGUMENT : '';
  }

  // --- Running -----------------------------------------------------------------------------------------------------------

  private async run(packet: string): Promise<string> {
    const { debuggee } = this;
    this.interrupted = false;
    const interrupted = () => this.interrupted;
    const step = /s/i.test(RESUME.exec(packet)?.[1] ?? '');
    if (packet === 'bs') this.last = await debuggee.stepBack();
    else if (packet === 'bc') this.last = await debuggee.continueBack(this.conditions(), interrupted);
    else if (step) this.last = await debuggee.stepForward();
    else this.last = await debuggee.continueForward(this.conditions(), interrupted);
    return this.stopReply();
  }

  private conditions(): StopConditions {
    const { space } = this;
    // If a condition has no value, the target stops, as with gdb's own evaluation.
    return this.points.conditions((machine, code) => {
      const value = evaluateAgent(code, {
        register: (n) => wordOfRegister(machine, n),
        read: (address, bytes) => {
          const found = this.debuggee.readMemory(space, address, bytes);
          return found.length === bytes ? found : undefined;
        },
      });
      return value !== 0n;
    });
  }

  private stopReply(): string {
    const { last } = this;
    const because = (signal: number, reason = '') =>
      `T${signal.toString(16).padStart(2, '0')}${reason}thread:1;`;
    switch (last.kind) {
      case 'interrupted':
        return because(SIGINT);
      case 'begin':
      case 'end':
        return because(SIGTRAP, `replaylog:${last.kind};`);
      case 'step':
        return because(SIGTRAP);
      case 'hit':
        return because(SIGTRAP, this.reasonOf(last));
    }
  }

  private reasonOf({ hit }: Extract<StopReport, { kind: 'hit' }>): string {
    if (hit.kind === 'execute') return this.breakReasons ? 'swbreak:;' : '';
    const { watch } = hit;
    const kind = !watch ? 'watch' : watch.reads && watch.writes ? 'awatch' : watch.reads ? 'rwatch' : 'watch';
    // gdb identifies the watchpoint by its address.
    return `${kind}:${(watch?.first ?? hit.address).toString(16)};`;
  }

  private setPoint(packet: string): string {
    const [place, list = ''] = packet.slice(1).split(';');
    const numbers = hexNumbers(place, 3);
    const conditions = conditionsOf(list);
    if (!numbers || !conditions) return ERROR_ARGUMENT;
    const [type, address, length] = numbers;
    const space = type >= 2 ? this.space : 'linear';
    const done =
      packet[0] === 'z'
        ? this.points.remove(type, address, length)
        : this.points.insert({ type, address, length, space, conditions });
    return done ? 'OK' : ERROR_ARGUMENT;
  }

  // --- Memory and registers ----------------------------------------------------------------------------------------------

  private readMemory(packet: string): string {
    const numbers = hexNumbers(packet.slice(1), 2);
    if (!numbers) return ERROR_ARGUMENT;
    const [address, length] = numbers;
    const bytes = this.debuggee.readMemory(this.space, address, Math.min(length, PACKET_SIZE / 2));
    return bytes.length === 0 && length > 0 ? ERROR_MEMORY : hexOf(bytes);
  }

  private writeMemory(packet: string): string {
    const colon = packet.indexOf(':');
    const numbers = hexNumbers(packet.slice(1, Math.max(1, colon)), 2);
    const text = packet.slice(colon + 1);
    const bytes = packet[0] === 'X' ? unescapeBinary(text) : bytesOfHex(text);
    if (!numbers || bytes?.length !== numbers[1]) return ERROR_ARGUMENT;
    const [address, length] = numbers;
    if (length === 0) return 'OK';
    return this.debuggee.writeMemory(this.space, address, bytes) ? 'OK' : ERROR_MEMORY;
  }

  private change(change: RegisterChange): string {
    // gdb shows the text.
    if ('refused' in change) return `E.${change.refused}`;
    this.debuggee.beforeWrite();
    change.apply();
    this.debuggee.afterWrite();
    return 'OK';
  }

  // --- Queries -----------------------------------------------------------------------------------------------------------

  private async query(packet: string): Promise<string> {
    const name = /^[^:,;?]*/.exec(packet)?.[0] ?? '';
    switch (name) {
      case 'qSupported':
        this.breakReasons = packet.includes('swbreak+');
        return [
          `PacketSize=${PACKET_SIZE.toString(16)}`,
          'QStartNoAckMode+',
          'qXfer:features:read+',
          'qXfer:threads:read+',
          ...(this.execFile ? ['qXfer:exec-file:read+'] : []),
          'ReverseStep+',
          'ReverseContinue+',
          'vContSupported+',
          'swbreak+',
          'hwbreak+',
          'ConditionalBreakpoints+',
        ].join(';');
      case 'QStartNoAckMode':
        return 'OK';
      case 'qXfer':
        return this.transfer(packet);
      case 'qAttached':
        return '1';
      case 'qC':
        return 'QC1';
      case 'qfThreadInfo':
        return 'm1';
      case 'qsThreadInfo':
        return 'l';
      case 'qThreadExtraInfo':
        return hexOfText(this.monitor.threadName());
      case 'qSymbol':
        return 'OK';
      case 'qqemu.PhyMemMode':
      case 'Qqemu.PhyMemMode':
        return this.physicalMode(packet);
      case 'qRcmd':
        return await this.monitorCommand(packet.slice('qRcmd,'.length));
      default:
        return '';
    }
  }

  private async monitorCommand(hex: string): Promise<string> {
    const line = bytesOfHex(hex);
    return line ? hexOfText(await this.command(Buffer.from(line).toString())) : ERROR_ARGUMENT;
  }

  /** `monitor phys on|off` does the same for a gdb without maintenance packets. */
  private async command(line: string): Promise<string> {
    const physical = /^\s*phys\s+(on|off)\s*$/.exec(line)?.[1];
    if (!physical) {
      // Addresses in all commands are then physical.
      const own =
        this.space === 'physical' ? line.replace(/^(\s*last-writer)\s+(?!phys\b)/, '$1 phys ') : line;
      return await this.monitor.run(own);
    }
    this.space = physical === 'on' ? 'physical' : 'linear';
    return `memory and watchpoints are by ${this.space} address\n`;
  }

  private physicalMode(packet: string): string {
    if (packet[0] === 'q') return this.space === 'physical' ? '1' : '0';
    this.space = packet.endsWith(':1') ? 'physical' : 'linear';
    return 'OK';
  }

  /** qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH */
  private transfer(packet: string): string {
    const [, object, verb, annex, range] = packet.split(':');
    const numbers = hexNumbers(range ?? '', 2);
    if (verb !== 'read' || !numbers) return '';
    const text = this.document(object, annex);
    if (text === undefined) return 'E00';
    const [offset, length] = numbers;
    return `${offset + length < text.length ? 'm' : 'l'}${text.slice(offset, offset + length)}`;
  }

  private document(object: string, annex: string): string | undefined {
    if (object === 'features' && annex === 'target.xml') return targetXml();
    if (object === 'exec-file') return this.execFile;
    if (object !== 'threads') return undefined;
    return `<?xml version="1.0"?><threads><thread id="1" core="0">${xml(this.monitor.threadName())}</thread></threads>`;
  }
}

/** Parses a sequence of `X LENGTH,BYTECODE`; undefined for anything else. */
function conditionsOf(list: string): Uint8Array[] | undefined {
  if (!/^(?:X[0-9a-f]+,(?:[0-9a-f]{2})*)*$/i.test(list)) return undefined;
  const found = [...list.matchAll(/X([0-9a-f]+),([0-9a-f]*)/gi)];
  const codes = found.map(([, , code]) => bytesOfHex(code) ?? new Uint8Array());
  return codes.every((code, n) => code.length === Number.parseInt(found[n][1], 16)) ? codes : undefined;
}

const xml = (text: string): string =>
  text.replaceAll(/[<>&]/g, (c) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[c] as string);

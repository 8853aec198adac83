import { describe, expect, it } from 'vitest';
import type { Device } from '../../recorder/machine/device.ts';
import { Timer } from '../../recorder/machine/devices/pit8254.ts';
import { SystemPorts } from '../../recorder/machine/devices/system-ports.ts';
import { Board, PIT_SPEED } from './board.ts';

/** The small ports of the board: 61h (IBM PC/AT Technical Reference), 80h, 92h, E9h, 402h, F4h. */

function ports(config = {}) {
  const heard: number[][] = [];
  const lines: string[] = [];
  const memory = {
    setA20: (on: boolean) => void lines.push(`set ${on}`),
    restoreA20: (on: boolean) => void lines.push(`restore ${on}`),
  };
  const onConsole = (port: number, byte: number) => void heard.push([port, byte]);
  const resets: unknown[][] = [];
  const log = { add: (...row: unknown[]) => row[0] === 'resets' && resets.push(row) };
  const board = new Board({ ...PIT_SPEED, ...config }, { memory, onConsole, log } as never);
  const timer = new Timer(board.host, board.bus, board.pic);
  const system = new SystemPorts(board.host, board.bus, timer);
  board.device = system as Device;
  return { board, system, heard, lines, resets };
}

describe('port 61h', () => {
  it('opens gate 2 and shows output 2: a kernel measures time by it', () => {
    const { board } = ports();
    board.out(0x61, 0);
    board.out(0x43, 0xb0);
    board.out(0x42, 100, 0);
    board.pass(200);
    expect(board.in(0x61) & 0x20).toBe(0);
    board.out(0x61, 1);
    board.pass(99);
    expect(board.in(0x61) & 0x21).toBe(1);
    board.pass(1);
    expect(board.in(0x61) & 0x21).toBe(0x21);
  });

  it('keeps gate and speaker, and changes bit 4 with each refresh, every 18 clocks', () => {
    const { board } = ports();
    board.out(0x61, 0xff);
    expect(board.in(0x61) & 0x0f).toBe(3);
    const changes: number[] = [];
    let last = board.in(0x61) & 0x10;
    for (let n = 1; n <= 60; n++) {
      board.pass(1);
      const now = board.in(0x61) & 0x10;
      if (now !== last) changes.push(n);
      last = now;
    }
    expect(changes).toEqual([18, 36, 54]);
  });
});

describe('port 92h', () => {
  it('moves address line 20, which is what a restore finds', () => {
    const { board, system, lines } = ports();
    expect(board.in(0x92)).toBe(2);
    board.out(0x92, 0, 0);
    expect([board.in(0x92), system.a20, lines]).toEqual([0, false, ['set false']]);
    const saved = board.save();
    board.out(0x92, 2);
    board.restore(saved);
    expect([board.in(0x92), lines.at(-1)]).toEqual([0, 'restore false']);
  });

  it('bit 0 resets the processor', () => {
    const { board, system } = ports();
    board.out(0x92, 2);
    expect(system.resetRequested).toBe(false);
    board.out(0x92, 3);
    expect([system.resetRequested, board.bus.deadlineMoved]).toEqual([true, true]);
    system.resetDone();
    expect(system.resetRequested).toBe(false);
  });
});

describe('a reset', () => {
  it('is an event, with what made it', () => {
    const { board, system, resets } = ports();
    board.out(0x92, 3);
    system.reset('keyboard');
    system.reset('port_cf9');
    expect(resets).toEqual([1, 0, 2].map((cause) => ['resets', cause]));
  });

  it('is none in a trace of an earlier revision', () => {
    const { board, system, resets } = ports({ eventRevision: 0 });
    board.out(0x92, 3);
    expect([system.resetRequested, resets]).toEqual([true, []]);
  });
});

describe('other ports', () => {
  it('80h keeps the progress code', () => {
    const { board } = ports();
    board.out(0x80, 0x5a);
    expect(board.in(0x80)).toBe(0x5a);
  });

  it('E9h and 402h are consoles, and read as E9h', () => {
    const { board, heard } = ports();
    board.out(0xe9, 0x41);
    board.out(0x402, 0x42);
    expect(heard).toEqual([
      [1, 0x41],
      [2, 0x42],
    ]);
    expect([board.in(0xe9), board.in(0x402)]).toEqual([0xe9, 0xe9]);
  });

  it('F4h ends the run with the byte written', () => {
    const { board, system } = ports();
    expect(system.exitCode).toBe(-1);
    board.out(0xf4, 0);
    expect([system.exitCode, board.bus.deadlineMoved]).toEqual([0, true]);
    board.out(0xf4, 0xff);
    expect(system.exitCode).toBe(255);
  });
});

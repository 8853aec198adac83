import { describe, expect, it } from 'vitest';
import { InterruptControllers } from '../../recorder/machine/devices/pic8259.ts';
import { Timer } from '../../recorder/machine/devices/pit8254.ts';
import { Board, PIT_SPEED } from './board.ts';

/** The 8254 at its ports, by the Intel 8254 data sheet. One instruction is one clock pulse; loading a count takes none here. */

function timer(chipsetRevision = 31) {
  const board = new Board({ ...PIT_SPEED, chipsetRevision });
  const device = new Timer(board.host, board.bus, board.pic);
  board.device = device;
  return { board, device };
}

const control = (counter: number, mode: number, bcd = 0) => (counter << 6) | 0x30 | (mode << 1) | bcd;

/** Mode and a whole count for a counter. */
function program(board: Board, counter: number, mode: number, count: number, bcd = 0): void {
  board.out(0x43, control(counter, mode, bcd));
  board.out(0x40 + counter, count & 0xff, count >> 8);
}

/** Status by a read-back command of one counter. */
function status(board: Board, counter: number): number {
  board.out(0x43, 0xe0 | (2 << counter));
  return board.in(0x40 + counter);
}

function count(board: Board, counter: number): number {
  board.out(0x43, counter << 6);
  return board.in(0x40 + counter) | (board.in(0x40 + counter) << 8);
}

/** OUT of a counter at each of so many clocks, the first before any, as a picture: H and L. */
function wave(board: Board, counter: number, clocks: number): string {
  let picture = '';
  for (let n = 0; n < clocks; n++, board.pass(1)) picture += status(board, counter) & 0x80 ? 'H' : 'L';
  return picture;
}

/** Moves gate 2 by a device of the board, as port 61h does. */
const gate = (device: Timer, up: boolean) => {
  device.gate2 = up;
};

describe('OUT by the mode definitions', () => {
  it.each([
    [0, 4, 'LLLLHHHHHHHH'],
    [2, 4, 'HHHLHHHLHHHL'],
    [3, 4, 'HHLLHHLLHHLL'],
    [3, 5, 'HHHLLHHHLLHH'],
    [4, 4, 'HHHHLHHHHHHH'],
  ])('mode %i, count %i', (mode, count, picture) => {
    for (const counter of [0, 2]) {
      const { board, device } = timer();
      gate(device, true);
      program(board, counter, mode, count);
      expect(wave(board, counter, picture.length)).toBe(picture);
    }
  });

  it.each([
    [1, 'HHHLLLLHHH'],
    [5, 'HHHHHHHLHH'],
  ])('mode %i waits for its gate to rise', (mode, picture) => {
    const { board, device } = timer();
    program(board, 2, mode, 4);
    const before = wave(board, 2, 3);
    gate(device, true);
    expect(before + wave(board, 2, 7)).toBe(picture);
  });

  it('a one-shot begins again when it is triggered again, with the count written since', () => {
    const { board, device } = timer();
    program(board, 2, 1, 4);
    gate(device, true);
    board.pass(2);
    board.out(0x42, 6, 0);
    expect(wave(board, 2, 3)).toBe('LLH');
    gate(device, false);
    gate(device, true);
    expect(wave(board, 2, 8)).toBe('LLLLLLHH');
  });

  it('the gate stops modes 0 and 4, and holds modes 2 and 3 high until it rises and they begin anew', () => {
    const pictures = [0, 4, 2, 3].map((mode) => {
      const { board, device } = timer();
      gate(device, true);
      program(board, 2, mode, 4);
      const before = wave(board, 2, 3);
      gate(device, false);
      const held = wave(board, 2, 3);
      gate(device, true);
      return `${before} ${held} ${wave(board, 2, 4)}`;
    });
    expect(pictures).toEqual(['LLL LLL LHHH', 'HHH HHH HLHH', 'HHH HHH HHHL', 'HHL HHH HHLL']);
  });
});

describe('counts', () => {
  it.each([
    [0, 4, [4, 3, 2, 1, 0, 0xffff, 0xfffe]],
    [2, 3, [3, 2, 1, 3, 2, 1, 3]],
    [3, 4, [4, 2, 4, 2, 4, 2, 4]],
    // Data sheet, figure of mode 3 with LSB = 5.
    [3, 5, [4, 2, 0, 4, 2, 4, 2]],
  ])('of mode %i from %i', (mode, from, counts) => {
    const { board } = timer();
    program(board, 0, mode, from);
    const seen = counts.map(() => {
      const now = count(board, 0);
      board.pass(1);
      return now;
    });
    expect(seen).toEqual(counts);
  });

  it('0 is 65536, and in BCD 10000', () => {
    for (const [bcd, after] of [
      [0, 0xffff],
      [1, 0x9999],
    ]) {
      const { board } = timer();
      program(board, 0, 0, 0, bcd);
      board.pass(1);
      expect(count(board, 0)).toBe(after);
    }
  });

  it('a latched count stays until it is read, a second latch changes nothing', () => {
    const { board } = timer();
    program(board, 0, 0, 0x1234);
    board.out(0x43, 0);
    board.pass(0x100);
    board.out(0x43, 0);
    expect([board.in(0x40), board.in(0x40)]).toEqual([0x34, 0x12]);
    expect([board.in(0x40), board.in(0x40)]).toEqual([0x34, 0x11]);
  });

  it('read-back latches status and count of several counters; status comes first', () => {
    const { board } = timer();
    program(board, 0, 2, 0x1234);
    board.out(0x43, 0xb6 & ~0x20);
    board.out(0x42, 7);
    board.out(0x43, 0xc0 | 2 | 8);
    board.pass(5);
    expect([board.in(0x40), board.in(0x40), board.in(0x40)]).toEqual([0xb4, 0x34, 0x12]);
    expect(board.in(0x42)).toBe(0x96);
  });

  it('the null count bit is up until the count is in force', () => {
    const { board } = timer();
    board.out(0x43, control(0, 2));
    expect(status(board, 0) & 0x40).toBe(0x40);
    board.out(0x40, 4, 0);
    expect(status(board, 0) & 0x40).toBe(0);
    board.out(0x40, 6, 0);
    expect(status(board, 0) & 0x40).toBe(0x40);
    board.pass(4);
    expect(status(board, 0) & 0x40).toBe(0);
  });
});

describe('a new count without a control word', () => {
  it.each([
    // At once; after the period; after the half period, in either half.
    [0, 4, 2, 6, 'LLL|LLLLLLHH'],
    [2, 4, 2, 6, 'HH|HLHHHHHLHHHHHL'],
    [3, 4, 1, 8, 'H|HLLLLHHHHLLLL'],
    [3, 4, 3, 8, 'HHL|LHHHHLLLLHH'],
  ])('mode %i: %i, and after %i clocks %i', (mode, first, after, second, picture) => {
    const { board } = timer();
    program(board, 0, mode, first);
    const before = wave(board, 0, picture.indexOf('|'));
    if (mode !== 0) expect(before).toHaveLength(after);
    board.out(0x40, second, 0);
    expect(`${before}|${wave(board, 0, picture.length - before.length - 1)}`).toBe(picture);
  });

  it('mode 0 stops at the first of its two bytes, its output low', () => {
    const { board } = timer();
    program(board, 0, 0, 2);
    board.pass(3);
    expect(board.lines.get(0)).toBe(true);
    board.out(0x40, 9);
    expect(board.lines.get(0)).toBe(false);
    board.pass(100);
    expect(board.lines.get(0)).toBe(false);
  });
});

describe('IRQ 0 is the level of OUT', () => {
  it.each([0, 1, 2, 3, 4, 5])('at every clock of mode %i', (mode) => {
    const { board } = timer();
    program(board, 0, mode, 5);
    for (let n = 0; n < 20; n++, board.pass(1))
      expect(board.lines.get(0) ?? true).toBe((status(board, 0) & 0x80) !== 0);
  });

  it('a control word that lowers it takes the request away from the 8259, one that leaves it high asks for nothing', () => {
    const board = new Board(PIT_SPEED);
    const pic = new InterruptControllers(board.host, board.bus);
    board.device = new Timer(board.host, board.bus, pic);
    board.out(0x20, 0x11);
    board.out(0x21, 0x20, 4, 1, 0xfe);
    const requests = () => {
      board.out(0x20, 0x0a);
      return board.in(0x20);
    };
    board.out(0x43, control(0, 2));
    expect([requests(), pic.pending]).toEqual([0, false]);
    program(board, 0, 0, 16);
    board.pass(20);
    expect([status(board, 0), requests(), pic.pending]).toEqual([0xb0, 1, true]);
    board.out(0x43, control(0, 0));
    expect([status(board, 0), requests(), pic.pending]).toEqual([0x70, 0, false]);
  });

  it('a rate generator asks once a period, a square wave takes back what nobody served in half of one', () => {
    const rate = timer();
    program(rate.board, 0, 2, 100);
    rate.board.pass(1000);
    expect(rate.board.rises.get(0)).toBe(10);
    const square = timer();
    program(square.board, 0, 3, 100);
    square.board.pass(120);
    expect(square.board.lines.get(0)).toBe(true);
    square.board.pass(40);
    expect(square.board.lines.get(0)).toBe(false);
  });

  it('old traces: each rising edge is a pulse, and stays', () => {
    const { board } = timer(0);
    const pulses: number[] = [];
    board.pic.pulse = () => void pulses.push(board.clock.icount);
    program(board, 0, 0, 16);
    board.pass(20);
    board.out(0x43, control(0, 0));
    expect(pulses).toEqual([16]);
    expect(board.lines.size).toBe(0);
  });
});

it('goes on from a snapshot at any clock', () => {
  const goOn = (board: Board) =>
    Array.from({ length: 20 }, () => {
      board.pass(1);
      return [status(board, 0), status(board, 2), count(board, 0), board.lines.get(0)];
    });
  for (const mode of [0, 2, 3, 4])
    for (let at = 0; at < 12; at++) {
      const { board, device } = timer();
      gate(device, true);
      program(board, 0, mode, 5);
      program(board, 2, mode, 4);
      board.pass(3);
      board.out(0x40, 6, 0);
      board.runTo(at);
      const saved = board.save();
      const whole = goOn(board);
      board.restore(saved);
      expect(goOn(board)).toEqual(whole);
    }
});

describe('jitter', () => {
  /** Counter 0 in mode 2 with a period of 1000, the rises late by what is given: icounts at which the line moves. */
  function moves(jitter: number, latencies: number[], until: number, chipsetRevision = 31) {
    const board = new Board({ ...PIT_SPEED, jitter, chipsetRevision });
    const device = new Timer(board.host, board.bus, board.pic);
    board.device = device;
    board.latencies = latencies;
    const seen: [number, boolean][] = [];
    board.pic.setLine = (_line, up) => void seen.push([board.clock.icount, up]);
    board.pic.pulse = () => void seen.push([board.clock.icount, true]);
    program(board, 0, 2, 1000);
    seen.length = 0;
    board.runTo(until);
    return { board, seen };
  }

  it('moves rises, each by what is drawn, and neither falls nor counts', () => {
    const { board, seen } = moves(20, [150, 0, 200], 3500);
    expect(seen).toEqual([
      ...[[999, false] as const, [1150, true] as const],
      ...[[1999, false] as const, [2000, true] as const],
      ...[[2999, false] as const, [3200, true] as const],
    ]);
    expect(board.draws).toEqual(Array(3).fill({ kind: 'timer_latency', low: 0, high: 200 }));
    expect(count(board, 0)).toBe(500);
  });

  it('ends before the output falls again', () => {
    const square = new Board({ ...PIT_SPEED, jitter: 99 });
    square.device = new Timer(square.host, square.bus, square.pic);
    program(square, 0, 3, 1000);
    square.runTo(1100);
    expect(square.draws).toEqual([{ kind: 'timer_latency', low: 0, high: 499 }]);
  });

  it('of old chipsets moves the pulse', () => {
    expect(moves(50, [300, 10], 2500, 0).seen).toEqual([
      [1300, true],
      [2010, true],
    ]);
  });

  it('a late rise is forgotten when the counter is programmed', () => {
    const { board, seen } = moves(20, [150], 1050);
    program(board, 0, 2, 4000);
    seen.length = 0;
    board.runTo(2000);
    expect(seen).toEqual([]);
  });

  it('goes on from a snapshot while a rise is late', () => {
    const { board, seen } = moves(20, [150], 1050);
    const saved = board.save();
    board.runTo(1200);
    board.restore(saved);
    seen.length = 0;
    board.runTo(1200);
    expect(seen).toEqual([[1150, true]]);
  });
});

import { describe, expect, it } from 'vitest';
import { RealTimeClock } from '../../recorder/machine/devices/rtc.ts';
import { Board } from './board.ts';

/** The MC146818 at its ports, by the Motorola data sheet. A tick of its 32,768 Hz oscillator is one instruction. */

const SECOND = 32_768;

function clock(chipsetRevision = 31) {
  const board = new Board({ instructionsPerSecond: SECOND, chipsetRevision });
  const device = new RealTimeClock(board.host, board.bus, board.pic);
  board.device = device;
  const read = (register: number) => {
    board.out(0x70, register);
    return board.in(0x71);
  };
  const write = (register: number, value: number) => {
    board.out(0x70, register);
    board.out(0x71, value);
  };
  /** Century, year, month, day, hour, minute, second. */
  const time = () => [0x32, 9, 8, 7, 4, 2, 0].map(read);
  return { board, read, write, time };
}

describe('time', () => {
  it('begins with what the outside says, and goes on second by second', () => {
    const { board, time } = clock();
    expect(time()).toEqual([0x19, 0x96, 1, 1, 0, 0, 0]);
    board.pass(SECOND - 1);
    expect(time().at(-1)).toBe(0);
    board.pass(1 + 59 * SECOND);
    expect(time()).toEqual([0x19, 0x96, 1, 1, 0, 1, 0]);
    board.pass(59 * 86_400 * SECOND);
    expect(time()).toEqual([0x19, 0x96, 2, 0x29, 0, 1, 0]);
  });

  it('is in binary or BCD, of 24 or 12 hours', () => {
    const { board, read, write } = clock();
    board.pass(15 * 3600 * SECOND);
    expect(read(4)).toBe(0x15);
    write(0x0b, 0);
    expect(read(4)).toBe(0x83);
    write(0x0b, 4);
    expect(read(4)).toBe(0x83);
    write(0x0b, 6);
    expect(read(4)).toBe(15);
    expect(read(9)).toBe(96);
  });

  it('stands while SET is up, its registers memory in any order, and goes on from them', () => {
    const { board, read, write, time } = clock();
    // From 31 December, by way of 31 February.
    const set = (values: number[][]) => {
      write(0x0b, 0x82);
      for (const [register, value] of values) write(register, value);
      board.pass(5 * SECOND);
      expect(values.map(([register]) => read(register))).toEqual(values.map(([, value]) => value));
      write(0x0b, 2);
    };
    set([
      [8, 0x12],
      [7, 0x31],
    ]);
    expect(time().slice(2, 4)).toEqual([0x12, 0x31]);
    set([
      [8, 2],
      [7, 3],
      [9, 0x97],
      [4, 0x23],
      [2, 0x59],
      [0, 0x58],
    ]);
    expect(time()).toEqual([0x19, 0x97, 2, 3, 0x23, 0x59, 0x58]);
    board.pass(2 * SECOND);
    expect(time()).toEqual([0x19, 0x97, 2, 4, 0, 0, 0]);
    expect(read(6)).toBe(3);
  });

  it('says when it is about to change: UIP for the last 244 us of each second', () => {
    const { board, read } = clock();
    board.pass(SECOND - 9);
    expect(read(0x0a)).toBe(0x26);
    board.pass(1);
    expect(read(0x0a)).toBe(0xa6);
    board.pass(8);
    expect(read(0x0a)).toBe(0x26);
  });
});

describe('register C', () => {
  it('has PF and UF without their interrupts, and reading clears them', () => {
    const { board, read } = clock();
    expect(read(0x0c)).toBe(0);
    board.pass(32);
    expect([read(0x0c), read(0x0c)]).toEqual([0x40, 0]);
    board.pass(SECOND);
    expect([read(0x0c), read(0x0c)]).toEqual([0x50, 0]);
    expect(board.lines.get(8)).toBeFalsy();
  });

  it('has AF when the alarm was due, however long ago', () => {
    const { board, read, write } = clock();
    write(1, 0x30);
    write(3, 0xff);
    write(5, 0);
    board.pass(29 * SECOND);
    expect(read(0x0c) & 0x20).toBe(0);
    board.pass(2 * SECOND);
    expect(read(0x0c) & 0x20).toBe(0x20);
    board.pass(4 * 3600 * SECOND);
    expect(read(0x0c) & 0x20).toBe(0x20);
    board.pass(3600 * SECOND);
    expect(read(0x0c) & 0x20).toBe(0);
  });

  it('asks for IRQ 8 as soon as a flag meets its enable bit', () => {
    const { board, write, read } = clock();
    board.pass(64);
    write(0x0b, 0x42);
    expect(board.lines.get(8)).toBe(true);
    expect(read(0x0c)).toBe(0xc0);
    expect(board.lines.get(8)).toBe(false);
  });

  it('no update ends while SET is up', () => {
    const { board, read, write } = clock();
    write(1, 0xff);
    write(3, 0xff);
    write(5, 0xff);
    write(0x0b, 0xb2);
    expect(read(0x0b)).toBe(0xa2);
    board.pass(2 * SECOND);
    expect(read(0x0c) & 0x30).toBe(0);
  });

  it('old traces: no flag without its interrupt', () => {
    const { board, read } = clock(0);
    board.pass(2 * SECOND);
    expect(read(0x0c)).toBe(0);
  });
});

describe('IRQ 8', () => {
  it.each([
    [1, 128],
    [2, 256],
    [3, 4],
    [6, 32],
    [15, 16_384],
  ])('of rate %i comes every %i ticks', (rate, ticks) => {
    const { board, read, write } = clock();
    write(0x0a, 0x20 | rate);
    write(0x0b, 0x42);
    read(0x0c);
    const came: number[] = [];
    for (let n = 0; n < 3 * ticks; n++) {
      board.pass(1);
      if (board.lines.get(8)) came.push(board.clock.icount);
      if (board.lines.get(8)) read(0x0c);
    }
    expect(came).toEqual([ticks, 2 * ticks, 3 * ticks]);
  });

  it('of rate 0 never comes', () => {
    const { board, write } = clock();
    write(0x0a, 0x20);
    write(0x0b, 0x42);
    board.pass(3 * SECOND);
    expect(board.lines.get(8)).toBeFalsy();
  });

  it('of the update comes each second, of the alarm in the seconds that match', () => {
    for (const [enable, alarm, seconds] of [
      [0x12, [0, 0, 0], [1, 2, 3, 4, 5]],
      [0x22, [3, 0, 0], [3]],
      [0x22, [0xff, 0xc0, 0xff], [1, 2, 3, 4, 5]],
    ] as const) {
      const { board, read, write } = clock();
      for (const [n, value] of alarm.entries()) write(2 * n + 1, value);
      write(0x0b, enable);
      const came: number[] = [];
      for (let second = 1; second <= 5; second++) {
        board.pass(SECOND);
        if (board.lines.get(8)) came.push(second);
        read(0x0c);
      }
      expect(came).toEqual(seconds);
    }
  });
});

describe('memory', () => {
  it('keeps what is written, registers C and D read only', () => {
    const { read, write } = clock();
    for (const register of [0x0e, 0x40, 0x7f]) write(register, register ^ 0x55);
    expect([0x0e, 0x40, 0x7f].map(read)).toEqual([0x5b, 0x15, 0x2a]);
    write(0x0c, 0xff);
    write(0x0d, 0);
    expect([read(0x0c), read(0x0d)]).toEqual([0, 0x80]);
  });

  it('has 640 KB of base memory and the rest above 1 MB', () => {
    const { read } = clock();
    expect([0x15, 0x16, 0x17, 0x18].map(read)).toEqual([0x80, 2, 0, 0x3c]);
  });
});

it('goes on from a snapshot at any tick', () => {
  const { board, read, write } = clock();
  write(0x0a, 0x2c);
  write(0x0b, 0x72);
  write(1, 1);
  for (let n = 0; n < 10; n++) {
    const saved = board.save();
    const goOn = () =>
      Array.from({ length: 30 }, () => {
        board.pass(1777);
        return [board.lines.get(8), read(0x0c), read(0)];
      });
    const whole = goOn();
    board.restore(saved);
    expect(goOn()).toEqual(whole);
    board.restore(saved);
    board.pass(4001);
  }
});

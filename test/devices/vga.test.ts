import { describe, expect, it } from 'vitest';
import { Vga } from '../../recorder/machine/devices/vga.ts';
import { Board } from './board.ts';

/** The registers of a VGA at their ports (IBM VGA/XGA Technical Reference, chapter 2). */

/** A line of 720x400 text at 70 Hz is ten instructions, a frame 449 lines. */
const LINE = 10;
const FRAME = 449 * LINE;

function vga() {
  const board = new Board({ instructionsPerSecond: 31_469 * LINE });
  board.device = new Vga(board.host, board.bus);
  const indexed = (port: number, index: number) => {
    board.out(port, index);
    return board.in(port + 1);
  };
  return { board, indexed };
}

describe('register files', () => {
  it.each([
    ['sequencer', 0x3c4, [0, 1, 2, 3, 4]],
    ['graphics controller', 0x3ce, [0, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['CRTC', 0x3d4, [8, 9, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x12, 0x18]],
  ])('of the %s keep what is written, by bytes or as a word', (_name, port, indices) => {
    const { board, indexed } = vga();
    for (const index of indices) {
      board.out(port, index);
      board.out(port + 1, 0x10 + index);
    }
    expect(indices.map((index) => indexed(port, index))).toEqual(indices.map((index) => 0x10 + index));
    for (const index of indices) board.bus.out(port, 2, (0x40 + index) * 256 + index);
    expect(indices.map((index) => indexed(port, index))).toEqual(indices.map((index) => 0x40 + index));
  });

  it('CRTC 11h protects registers 0-7, but for bit 4 of 7', () => {
    const { board, indexed } = vga();
    const write = (index: number, value: number) => {
      board.out(0x3d4, index);
      board.out(0x3d5, value);
    };
    const [before, overflow] = [indexed(0x3d4, 0), indexed(0x3d4, 7)];
    expect(indexed(0x3d4, 0x11) & 0x80).toBe(0x80);
    write(0, before ^ 0xff);
    write(7, overflow ^ 0xff);
    expect([indexed(0x3d4, 0), indexed(0x3d4, 7)]).toEqual([before, overflow ^ 0x10]);
    write(0x11, 0);
    write(0, before ^ 0xff);
    expect(indexed(0x3d4, 0)).toBe(before ^ 0xff);
  });

  it('the CRTC answers at 3D4h or 3B4h, as the miscellaneous output says', () => {
    const { board, indexed } = vga();
    expect([board.in(0x3d4) === 0xff, board.in(0x3b4)]).toEqual([false, 0xff]);
    board.out(0x3c2, 0x66);
    expect(board.in(0x3cc)).toBe(0x66);
    board.out(0x3b4, 0x0e);
    board.out(0x3b5, 0x12);
    expect([board.in(0x3d4), board.in(0x3da), indexed(0x3b4, 0x0e)]).toEqual([0xff, 0xff, 0x12]);
  });
});

describe('attribute controller', () => {
  it('takes index and data in turn at one port; reading the status begins with the index', () => {
    const { board } = vga();
    board.in(0x3da);
    board.out(0x3c0, 0x33, 0x5a, 0x34, 0x5b, 0x13);
    board.in(0x3da);
    board.out(0x3c0, 0x33);
    expect([board.in(0x3c0), board.in(0x3c1)]).toEqual([0x33, 0x5a]);
    board.in(0x3da);
    board.out(0x3c0, 0x34);
    expect(board.in(0x3c1)).toBe(0x5b);
  });
});

describe('palette', () => {
  it('takes red, green and blue of six bits and goes on to the next colour, for writes and reads apart', () => {
    const { board } = vga();
    board.out(0x3c8, 254);
    board.out(0x3c9, 1, 2, 3, 0xff, 5, 6, 7);
    expect([board.in(0x3c8), board.in(0x3c7)]).toEqual([0, 0]);
    board.out(0x3c7, 254);
    expect(Array.from({ length: 6 }, () => board.in(0x3c9))).toEqual([1, 2, 3, 0x3f, 5, 6]);
    expect(board.in(0x3c7)).toBe(3);
    board.out(0x3c6, 0x0f);
    expect(board.in(0x3c6)).toBe(0x0f);
  });
});

describe('status', () => {
  it('shows blanking at the end of each line, and the retrace of each frame', () => {
    const { board } = vga();
    const status = Array.from({ length: FRAME }, () => {
      const now = board.in(0x3da);
      board.pass(1);
      return now;
    });
    expect(status.slice(0, LINE)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(status.filter((one) => one === 0)).toHaveLength(400 * 8);
    const retrace = status.flatMap((one, n) => (one & 8 ? [n] : []));
    expect([retrace[0], retrace.length]).toEqual([412 * LINE, 2 * LINE]);
    expect(board.in(0x3da)).toBe(0);
  });
});

it('goes on from a snapshot in the middle of a colour and of an attribute', () => {
  const { board } = vga();
  board.in(0x3da);
  board.out(0x3c0, 0x31);
  board.out(0x3c8, 7);
  board.out(0x3c9, 1, 2);
  const saved = board.save();
  const goOn = () => {
    board.out(0x3c0, 0x2a, 0x32);
    board.out(0x3c9, 3, 4);
    board.out(0x3c7, 7);
    return [
      board.in(0x3c9),
      board.in(0x3c9),
      board.in(0x3c9),
      board.in(0x3c1),
      board.in(0x3c8),
      board.in(0x3da),
    ];
  };
  const whole = goOn();
  board.restore(saved);
  expect(goOn()).toEqual(whole);
});

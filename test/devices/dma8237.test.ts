import { describe, expect, it } from 'vitest';
import { DmaControllers } from '../../recorder/machine/devices/dma8237.ts';
import { Board } from './board.ts';

/** The two 8237A at their ports, by the Intel data sheet, and the page registers of the AT. */

function controllers() {
  const memory = new Map<number, number>();
  const dma = {
    physRead8: (at: number) => memory.get(at) ?? 0,
    physWrite8: (at: number, value: number) => void memory.set(at, value),
  };
  const board = new Board({}, { dma } as never);
  const device = new DmaControllers(board.host, board.bus);
  board.device = device;
  /** Channel 0-3: base address and count, mode, page; then it is unmasked. */
  const program = (channel: number, address: number, transfers: number, mode: number) => {
    board.out(0x0a, 4 | channel);
    board.out(0x0c, 0);
    board.out(0x0b, mode | channel);
    board.out(2 * channel, address & 0xff, (address >> 8) & 0xff);
    board.out(2 * channel + 1, (transfers - 1) & 0xff, (transfers - 1) >> 8);
    board.out([0x87, 0x83, 0x81, 0x82][channel], address >> 16);
    board.out(0x0a, channel);
  };
  const word = (port: number) => {
    board.out(0x0c, 0);
    return board.in(port) | (board.in(port) << 8);
  };
  return { board, device, memory, program, word };
}

describe('a channel', () => {
  it.each([0, 1, 2, 3])(
    '%i moves bytes upwards from its page and address until its count is reached',
    (channel) => {
      const { board, device, memory, program, word } = controllers();
      program(channel, 0x12345, 3, 0x44);
      expect([1, 2, 3, 4].map((byte) => device.toMemory(channel, byte))).toEqual([true, true, true, false]);
      expect([...memory]).toEqual([
        [0x12345, 1],
        [0x12346, 2],
        [0x12347, 3],
      ]);
      expect(device.reached(channel)).toBe(true);
      // Address and count have moved on, past the end.
      expect([word(2 * channel), word(2 * channel + 1)]).toEqual([0x2348, 0xffff]);
      // The status tells of the terminal count once.
      expect([board.in(8), board.in(8)]).toEqual([1 << channel, 0]);
    },
  );

  it('reads memory for a device, and downwards if it is told to', () => {
    const { device, memory, program } = controllers();
    for (let n = 0; n < 4; n++) memory.set(0x20000 + n, 10 + n);
    program(2, 0x20003, 4, 0x68);
    expect(Array.from({ length: 5 }, () => device.fromMemory(2))).toEqual([13, 12, 11, 10, -1]);
  });

  it('never carries into the page: addresses wrap at 64 KB', () => {
    const { device, memory, program } = controllers();
    program(1, 0x3ffff, 2, 0x44);
    device.toMemory(1, 1);
    device.toMemory(1, 2);
    expect([...memory.keys()]).toEqual([0x3ffff, 0x30000]);
  });

  it('starts over by itself in auto-initialise mode', () => {
    const { device, memory, program, word } = controllers();
    program(2, 0x10000, 2, 0x54);
    for (const byte of [1, 2, 3]) expect(device.toMemory(2, byte)).toBe(true);
    expect([...memory]).toEqual([
      [0x10000, 3],
      [0x10001, 2],
    ]);
    expect([word(4), word(5)]).toEqual([1, 0]);
  });

  it('masked, or with the controller disabled, takes nothing', () => {
    const { board, device, program } = controllers();
    program(2, 0x10000, 4, 0x44);
    const takes = (port: number, value: number) => {
      board.out(port, value);
      return device.toMemory(2, 1);
    };
    expect([takes(0x0a, 6), takes(0x0a, 2), takes(0x08, 4), takes(0x08, 0)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect([takes(0x0f, 0x04), takes(0x0e, 0)]).toEqual([false, true]);
  });
});

describe('registers', () => {
  it('go low byte first; the flip-flop is one of all, cleared by its command', () => {
    const { board, word } = controllers();
    board.out(0x0c, 0);
    board.out(0x00, 0x34, 0x12);
    expect(word(0x00)).toBe(0x1234);
    board.in(0x00);
    board.out(0x02, 0x99);
    board.out(0x0c, 0);
    board.out(0x02, 0x11);
    expect(word(0x02)).toBe(0x9911);
  });

  it('master clear masks every channel and clears status, command and flip-flop', () => {
    const { board, device, program, word } = controllers();
    program(2, 0x15678, 1, 0x44);
    device.toMemory(2, 1);
    board.out(0x04, 0xaa);
    board.out(0x0d, 0);
    board.out(0x04, 0x21, 0x43);
    expect([board.in(0x08), board.in(0x0f), word(0x04)]).toEqual([0, 0xff, 0x4321]);
  });

  it('of the second controller lie at even ports from C0h, those of pages keep what is written', () => {
    const { board } = controllers();
    board.out(0xd8, 0);
    board.out(0xc4, 0x78, 0x56);
    board.out(0xd8, 0);
    expect([board.in(0xc4), board.in(0xc4)]).toEqual([0x78, 0x56]);
    for (let port = 0x81; port < 0x90; port++) board.out(port, port);
    expect(Array.from({ length: 15 }, (_, n) => board.in(0x81 + n))).toEqual(
      [...Array(15).keys()].map((n) => 0x81 + n),
    );
  });
});

it('goes on from a snapshot in the middle of a transfer and of a register', () => {
  const { board, device, memory, program } = controllers();
  program(2, 0x10000, 8, 0x54);
  board.out(0x00, 0x34);
  for (let at = 0; at < 10; at++) {
    device.toMemory(2, at);
    const [saved, contents] = [board.save(), new Map(memory)];
    const goOn = () => [
      ...[...Array(9).keys()].map((byte) => device.toMemory(2, byte)),
      ...[board.in(0), board.in(4), board.in(5), board.in(8)],
      [...memory],
    ];
    const whole = goOn();
    board.restore(saved);
    memory.clear();
    for (const [place, byte] of contents) memory.set(place, byte);
    expect(goOn()).toEqual(whole);
    board.restore(saved);
  }
});

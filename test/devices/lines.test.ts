import { describe, expect, it } from 'vitest';
import { ATA_CHANNELS, AtaChannel } from '../../recorder/machine/devices/ata-channel.ts';
import { AtaDisk } from '../../recorder/machine/devices/ata-disk.ts';
import { DiskOverlay } from '../../recorder/machine/devices/disk-overlay.ts';
import { DmaControllers } from '../../recorder/machine/devices/dma8237.ts';
import { FloppyController } from '../../recorder/machine/devices/floppy82077.ts';
import { KeyboardController } from '../../recorder/machine/devices/keyboard8042.ts';
import { InterruptControllers } from '../../recorder/machine/devices/pic8259.ts';
import { RealTimeClock } from '../../recorder/machine/devices/rtc.ts';
import type { SystemPorts } from '../../recorder/machine/devices/system-ports.ts';
import { SerialPort } from '../../recorder/machine/devices/uart16550.ts';
import { Board } from './board.ts';

/** A request lasts as long as the chip's own condition for it: each way in which it ends takes the line down. */

/** A board, its line up; and what takes it down. */
interface Asserted {
  readonly board: Board;
  readonly line: number;
}

function uart(mcr = 8): { board: Board; device: SerialPort } {
  const board = new Board();
  const device = new SerialPort(board.host, board.bus, board.pic);
  board.device = device;
  board.out(0x3fc, mcr);
  return { board, device };
}

const received = (): Asserted => {
  const { board, device } = uart();
  board.out(0x3f9, 1);
  device.receive(0x41);
  return { board, line: 4 };
};

const transmitterEmpty = (): Asserted => {
  const { board } = uart();
  board.out(0x3f9, 2);
  return { board, line: 4 };
};

const overrun = (): Asserted => {
  const { board, device } = uart();
  board.out(0x3f9, 4);
  device.receive(1);
  device.receive(2);
  return { board, line: 4 };
};

/** MC146818: the periodic interrupt of 1024 Hz. */
const periodic = (): Asserted => {
  const board = new Board();
  board.device = new RealTimeClock(board.host, board.bus, board.pic);
  board.out(0x70, 0x0b);
  board.out(0x71, 0x42);
  board.pass(20_000);
  return { board, line: 8 };
};

const key = (): Asserted => {
  const board = new Board();
  const device = new KeyboardController(board.host, board.bus, board.pic, { a20: true } as SystemPorts);
  board.device = device;
  device.key(0x1e);
  board.pass(20_000);
  return { board, line: 1 };
};

const floppyReset = (): Asserted => {
  const board = new Board();
  const dma = new DmaControllers(board.host, board.bus);
  board.device = new FloppyController(board.host, board.bus, board.pic, dma, []);
  board.out(0x3f2, 0x00, 0x0c);
  return { board, line: 6 };
};

/** READ ID of an empty drive: seven bytes of result. */
const floppyResult = (): Asserted => {
  const { board, line } = floppyReset();
  board.out(0x3f5, 0x08);
  while (board.in(0x3f4) & 0x40) board.in(0x3f5);
  board.out(0x3f5, 0x4a, 0);
  board.pass(200_000);
  return { board, line };
};

const sectorRead = (): Asserted => {
  const image = { sectors: 64, read: (_sector: number, into: Uint8Array) => void into.fill(7) };
  const board = new Board();
  const disk = new AtaDisk(board.host, board.bus, 'ata', new DiskOverlay(image));
  new AtaChannel(ATA_CHANNELS[0], board.bus, board.pic, [disk, undefined], true);
  board.device = disk;
  for (const [port, value] of [
    ...[
      [0x1f2, 1],
      [0x1f3, 0],
      [0x1f4, 0],
      [0x1f5, 0],
    ],
    ...[
      [0x1f6, 0xe0],
      [0x1f7, 0x20],
    ],
  ])
    board.out(port, value);
  board.pass(200_000);
  return { board, line: 14 };
};

const readC = (board: Board) => {
  board.out(0x70, 0x0c);
  board.in(0x71);
};

const interruptOff = (board: Board) => {
  board.out(0x64, 0x60);
  board.out(0x60, 0x44);
};

const FALLS: [string, () => Asserted, (board: Board) => void][] = [
  ['16550 receiver: its byte is read', received, (board) => board.in(0x3f8)],
  ['16550 receiver: it is turned off', received, (board) => board.out(0x3f9, 0)],
  ['16550 receiver: OUT2 goes off', received, (board) => board.out(0x3fc, 0)],
  ['16550 receiver: loopback hides OUT2', received, (board) => board.out(0x3fc, 0x18)],
  ['16550 receiver: the FIFO is cleared', received, (board) => board.out(0x3fa, 3)],
  ['16550 transmitter: IIR is read', transmitterEmpty, (board) => board.in(0x3fa)],
  ['16550 transmitter: it is turned off', transmitterEmpty, (board) => board.out(0x3f9, 0)],
  ['16550 overrun: LSR is read', overrun, (board) => board.in(0x3fd)],
  ['MC146818: register C is read', periodic, readC],
  ['MC146818: PIE is cleared', periodic, (board) => board.out(0x71, 2)],
  ['8042: the byte is read', key, (board) => board.in(0x60)],
  ['8042: the command byte turns it off', key, interruptOff],
  ['8042: an answer of its own takes the place', key, (board) => board.out(0x64, 0xaa)],
  ['82077: SENSE INTERRUPT', floppyReset, (board) => board.out(0x3f5, 8)],
  ['82077: reset', floppyReset, (board) => board.out(0x3f2, 8)],
  ['82077: DOR turns DMA and interrupts off', floppyReset, (board) => board.out(0x3f2, 4)],
  ['82077: the first byte of the result is read', floppyResult, (board) => board.in(0x3f5)],
  ['ATA: the status is read', sectorRead, (board) => board.in(0x1f7)],
  ['ATA: nIEN', sectorRead, (board) => board.out(0x3f6, 2)],
  ['ATA: reset', sectorRead, (board) => board.out(0x3f6, 4)],
  ['ATA: a command is written', sectorRead, (board) => board.out(0x1f7, 0xec)],
  ['ATA: the other drive is selected', sectorRead, (board) => board.out(0x1f6, 0xf0)],
];

describe('the line falls', () => {
  it.each(FALLS)('%s', (_name, assert, end) => {
    const { board, line } = assert();
    expect(board.lines.get(line)).toBe(true);
    end(board);
    expect(board.lines.get(line)).toBe(false);
  });
});

describe('the line stays up', () => {
  it.each([
    ['ATA: the alternate status is read', sectorRead, (board: Board) => board.in(0x3f6)],
    ['16550 receiver: LSR is read', received, (board: Board) => board.in(0x3fd)],
    ['8042: the status is read', key, (board: Board) => board.in(0x64)],
    ['82077: the main status is read', floppyResult, (board: Board) => board.in(0x3f4)],
  ])('%s', (_name, assert, look) => {
    const { board, line } = assert();
    look(board);
    expect(board.lines.get(line)).toBe(true);
  });
});

describe('each byte sent is an edge of its own', () => {
  const edges = (chipsetRevision: number) => {
    const board = new Board({ chipsetRevision });
    board.device = new SerialPort(board.host, board.bus, board.pic);
    board.out(0x3fc, 8);
    board.out(0x3f9, 2);
    const before = board.rises.get(4);
    board.out(0x3f8, 0x41, 0x42);
    return [before, board.rises.get(4), board.lines.get(4)];
  };

  it('a handler that answers by writing, without a look at IIR, is asked again', () => {
    expect(edges(31)).toEqual([1, 3, true]);
  });

  it('old traces: the line stayed up', () => {
    expect(edges(0)).toEqual([1, 1, true]);
  });
});

describe('the slave 8259', () => {
  const controllers = (chipsetRevision: number) => {
    const board = new Board({ chipsetRevision });
    const pic = new InterruptControllers(board.host, board.bus);
    board.out(0x20, 0x11);
    board.out(0x21, 0x20, 4, 1, 0);
    board.out(0xa0, 0x11);
    // Automatic EOI: nothing of it is in service after INTA.
    board.out(0xa1, 0x28, 2, 3, 0);
    pic.setLine(8, true);
    pic.setLine(14, true);
    return { board, pic };
  };

  it('asks again after INTA while it has more', () => {
    const { board, pic } = controllers(31);
    expect(pic.acknowledge()).toBe(0x28);
    board.out(0x20, 0x20);
    expect(pic.pending).toBe(true);
    expect(pic.acknowledge()).toBe(0x2e);
  });

  it('old traces: its line stayed up, which was no edge', () => {
    const { board, pic } = controllers(0);
    expect(pic.acknowledge()).toBe(0x28);
    board.out(0x20, 0x20);
    expect(pic.pending).toBe(false);
  });

  it('takes its request back with the line: the master delivers line 7 of the slave as spurious', () => {
    const { pic } = controllers(31);
    pic.setLine(8, false);
    expect(pic.acknowledge()).toBe(0x2e);
    pic.setLine(14, false);
    expect(pic.pending).toBe(false);
  });
});

describe('an ATA channel without drives', () => {
  const empty = (pulledDown: boolean) => {
    const board = new Board();
    new AtaChannel(ATA_CHANNELS[1], board.bus, board.pic, [undefined, undefined], pulledDown);
    return board;
  };

  it('floats, but for DD7: not busy (ATA-3, table 2)', () => {
    const board = empty(true);
    board.out(0x172, 0x55);
    expect([1, 2, 3, 4, 5, 6, 7].map((port) => board.in(0x170 + port))).toEqual(Array(7).fill(0x7f));
    expect(board.in(0x376)).toBe(0x7f);
    expect([board.bus.in(0x170, 2), board.bus.in(0x170, 4)]).toEqual([0xff7f, 0xff7fff7f | 0]);
  });

  it('old traces: it is not there', () => {
    const board = empty(false);
    expect([board.in(0x177), board.in(0x376), board.bus.in(0x170, 2)]).toEqual([0xff, 0xff, 0xffff]);
  });
});

import { describe, expect, it } from 'vitest';
import { DiskOverlay } from '../../recorder/machine/devices/disk-overlay.ts';
import { DmaControllers } from '../../recorder/machine/devices/dma8237.ts';
import { FloppyController } from '../../recorder/machine/devices/floppy82077.ts';
import { Board } from './board.ts';

/** The 82077AA at its ports, by the Intel data sheet: a 1.44 MB floppy in drive 0, DMA by channel 2 to 10000h. */

const [DOR, MSR, FIFO, DIR] = [0x3f2, 0x3f4, 0x3f5, 0x3f7];
const [READY, TO_HOST, BUSY] = [0x80, 0x40, 0x10];
const MEMORY = 0x10000;

function controller() {
  const memory = new Uint8Array(0x20000);
  const dma = {
    physRead8: (at: number) => memory[at],
    physWrite8: (at: number, value: number) => {
      memory[at] = value;
    },
  };
  const board = new Board({ diskLatencyMin: 100, diskLatencyMax: 1000 }, { dma } as never);
  const image = { sectors: 2880, read: (n: number, into: Uint8Array) => void into.fill(n & 0xff) };
  const overlay = new DiskOverlay(image);
  const channels = new DmaControllers(board.host, board.bus);
  board.device = new FloppyController(board.host, board.bus, board.pic, channels, [overlay, undefined]);
  const results = () => {
    const bytes: number[] = [];
    while ((board.in(MSR) & (READY | TO_HOST)) === (READY | TO_HOST)) bytes.push(board.in(FIFO));
    return bytes;
  };
  const command = (...bytes: number[]) => {
    for (const byte of bytes) {
      expect(board.in(MSR) & (READY | TO_HOST)).toBe(READY);
      board.out(FIFO, byte);
    }
  };
  /** Channel 2 for so many bytes; `mode` 44h: to memory, 48h: from memory. */
  const transfer = (mode: number, bytes: number) => {
    board.out(0x0a, 6);
    board.out(0x0c, 0);
    board.out(0x0b, mode | 2);
    board.out(0x04, 0, 0);
    board.out(0x05, (bytes - 1) & 0xff, (bytes - 1) >> 8);
    board.out(0x81, MEMORY >> 16);
    board.out(0x0a, 2);
  };
  const interrupt = () => {
    board.pass(1000);
    expect(board.lines.get(6)).toBe(true);
  };
  /** SENSE INTERRUPT until nothing is left to sense. */
  const sense = () => {
    const sensed: number[][] = [];
    for (;;) {
      command(8);
      const result = results();
      if (result.length === 1) return sensed;
      sensed.push(result);
    }
  };
  const seek = (cylinder: number) => {
    command(0x0f, 0, cylinder);
    interrupt();
    return sense();
  };
  return { board, memory, overlay, results, command, transfer, interrupt, sense, seek };
}

/** READ or WRITE with 512-byte sectors, to the end of the track. */
const rw = (code: number, cylinder: number, head: number, sector: number, last = 18) => [
  ...[code, head << 2, cylinder, head, sector, 2, last, 0x1b, 0xff],
];
const lba = (cylinder: number, head: number, sector: number) => (cylinder * 2 + head) * 18 + sector - 1;

describe('reset', () => {
  it('by DOR: not ready while it is down, then an interrupt and four drives to sense', () => {
    const { board, sense } = controller();
    board.out(DOR, 0x08);
    expect([board.in(MSR), board.lines.get(6)]).toEqual([0, false]);
    board.out(DOR, 0x0c);
    expect([board.in(MSR), board.lines.get(6)]).toEqual([READY, true]);
    expect(sense()).toEqual([
      [0xc0, 0],
      [0xc1, 0],
      [0xc2, 0],
      [0xc3, 0],
    ]);
    expect(board.lines.get(6)).toBe(false);
  });

  it('by DSR clears itself', () => {
    const { board, sense } = controller();
    board.out(MSR, 0x80);
    expect(board.lines.get(6)).toBe(true);
    expect(sense()).toHaveLength(4);
  });

  it('in the middle of a command forgets it', () => {
    const { board, command, sense } = controller();
    command(0x0f, 0, 5);
    board.out(DOR, 8, 0x0c);
    sense();
    board.pass(5000);
    expect(board.lines.get(6)).toBe(false);
  });
});

describe('the command phase', () => {
  it('is busy from the first byte to the last of the result', () => {
    const { board } = controller();
    board.out(FIFO, 0x04);
    expect(board.in(MSR)).toBe(READY | BUSY);
    board.out(FIFO, 0);
    expect(board.in(MSR)).toBe(READY | TO_HOST | BUSY);
    board.in(FIFO);
    expect(board.in(MSR)).toBe(READY);
  });

  it('an unknown command has the result 80h and no interrupt', () => {
    const { board, command, results } = controller();
    command(0x1f);
    expect([results(), board.lines.get(6)]).toEqual([[0x80], false]);
  });

  it('VERSION, LOCK, CONFIGURE, DUMPREG', () => {
    const { command, results } = controller();
    command(0x10);
    expect(results()).toEqual([0x90]);
    command(0x94);
    expect(results()).toEqual([0x10]);
    command(0x13, 0, 0x57, 0);
    expect(results()).toEqual([]);
    command(0x0e);
    expect(results()).toHaveLength(10);
  });
});

describe('heads', () => {
  it('SEEK and RECALIBRATE end with an interrupt to sense; ST3 knows track 0', () => {
    const { command, results, interrupt, sense, seek } = controller();
    expect(seek(7)).toEqual([[0x20, 7]]);
    command(0x04, 0);
    expect(results()[0] & 0x10).toBe(0);
    command(0x07, 0);
    interrupt();
    expect(sense()).toEqual([[0x20, 0]]);
    command(0x04, 0);
    expect(results()[0] & 0x10).toBe(0x10);
  });

  it('RECALIBRATE of an empty drive finds no track 0', () => {
    const { command, interrupt, sense } = controller();
    command(0x07, 1);
    interrupt();
    expect(sense()).toEqual([[0x71, 0]]);
  });

  it('READ ID tells the cylinder under the heads', () => {
    const { command, results, interrupt, seek } = controller();
    seek(9);
    command(0x4a, 4);
    interrupt();
    expect(results()).toEqual([4, 0, 0, 9, 1, 1, 2]);
  });

  it('the disk change line is up where there is no disk', () => {
    const { board } = controller();
    expect(board.in(DIR) & 0x80).toBe(0);
    board.out(DOR, 0x0d);
    expect(board.in(DIR) & 0x80).toBe(0x80);
  });
});

describe('READ', () => {
  it('moves sectors until the DMA count is reached, with one interrupt', () => {
    const { board, memory, command, results, transfer, interrupt, seek } = controller();
    seek(3);
    transfer(0x44, 1024);
    command(...rw(0xe6, 3, 1, 5));
    expect(board.in(MSR)).toBe(BUSY);
    interrupt();
    expect(results()).toEqual([4, 0, 0, 3, 1, 7, 2]);
    expect(board.lines.get(6)).toBe(false);
    expect(memory[MEMORY]).toBe(lba(3, 1, 5) & 0xff);
    expect(memory[MEMORY + 512]).toBe(lba(3, 1, 6) & 0xff);
    expect(memory[MEMORY + 1024]).toBe(0);
    expect(board.draws.map(({ kind }) => kind)).toEqual(['disk_latency', 'disk_latency']);
  });

  it('with MT goes on to the other head', () => {
    const { memory, command, results, transfer, interrupt } = controller();
    transfer(0x44, 1024);
    command(...rw(0xe6, 0, 0, 18));
    interrupt();
    expect(results()).toEqual([0, 0, 0, 0, 1, 2, 2]);
    expect(memory[MEMORY + 512]).toBe(lba(0, 1, 1));
  });

  it('ends at the end of the track when the host wants more', () => {
    const { command, results, transfer, interrupt } = controller();
    transfer(0x44, 2048);
    command(...rw(0x46, 0, 0, 17));
    interrupt();
    expect(results()).toEqual([0x40, 0x80, 0, 1, 0, 1, 2]);
  });

  it.each([
    ['a cylinder that the heads are not at', rw(0x46, 2, 0, 1)],
    ['a sector that is not there', rw(0x46, 0, 0, 19, 20)],
  ])('of %s finds no data', (_what, bytes) => {
    const { command, results, transfer, interrupt } = controller();
    transfer(0x44, 512);
    command(...bytes);
    interrupt();
    expect(results().slice(0, 3)).toEqual([0x40, 4, 0]);
  });

  it('of an empty drive finds no address mark', () => {
    const { command, results, interrupt } = controller();
    command(0x46, 1, 0, 0, 1, 2, 18, 0x1b, 0xff);
    interrupt();
    expect(results().slice(0, 3)).toEqual([0x41, 1, 0]);
  });
});

describe('WRITE and FORMAT', () => {
  it('write what memory holds; a short count is filled with zeros', () => {
    const { memory, overlay, command, results, transfer, interrupt } = controller();
    memory.fill(0xa5, MEMORY, MEMORY + 600);
    transfer(0x48, 600);
    command(...rw(0xc5, 0, 0, 2));
    interrupt();
    expect(results().slice(0, 3)).toEqual([0, 0, 0]);
    const sector = new Uint8Array(512);
    overlay.read(1, sector);
    expect(sector.every((byte) => byte === 0xa5)).toBe(true);
    overlay.read(2, sector);
    expect([sector[87], sector[88], sector[511]]).toEqual([0xa5, 0, 0]);
  });

  it('FORMAT fills a track', () => {
    const { memory, overlay, command, results, transfer, interrupt } = controller();
    for (let n = 0; n < 18; n++) memory.set([0, 1, n + 1, 2], MEMORY + 4 * n);
    transfer(0x48, 72);
    command(0x4d, 4, 2, 18, 0x54, 0xf6);
    interrupt();
    expect(results().slice(0, 3)).toEqual([4, 0, 0]);
    const sector = new Uint8Array(512);
    for (const n of [lba(0, 1, 1), lba(0, 1, 18)]) {
      overlay.read(n, sector);
      expect(sector.every((byte) => byte === 0xf6)).toBe(true);
    }
    overlay.read(lba(0, 0, 18), sector);
    expect(sector[0]).toBe(17);
  });
});

it('goes on from a snapshot in the middle of a command, its execution, its result', () => {
  const { board, memory, transfer, results } = controller();
  const steps = [
    () => transfer(0x44, 512),
    ...rw(0xe6, 0, 0, 3).map((byte) => () => board.out(FIFO, byte)),
    ...[40, 60, 900].map((instructions) => () => board.pass(instructions)),
    ...Array.from({ length: 3 }, () => () => void board.in(FIFO)),
  ];
  for (let at = 0; at <= steps.length; at++) {
    memory.fill(0);
    board.out(DOR, 8, 0x0c);
    board.out(FIFO, 8);
    results();
    for (const step of steps.slice(0, at)) step();
    const [saved, bytes] = [board.save(), memory.slice()];
    const goOn = () => {
      for (const step of steps.slice(at)) step();
      return [results(), memory.slice(MEMORY, MEMORY + 512), board.lines.get(6)];
    };
    const whole = goOn();
    board.restore(saved);
    memory.set(bytes);
    expect(goOn()).toEqual(whole);
  }
});

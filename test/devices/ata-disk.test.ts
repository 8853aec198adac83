import { describe, expect, it } from 'vitest';
import { ATA_CHANNELS, AtaChannel } from '../../recorder/machine/devices/ata-channel.ts';
import { AtaDisk } from '../../recorder/machine/devices/ata-disk.ts';
import { DiskOverlay } from '../../recorder/machine/devices/disk-overlay.ts';
import { Board } from './board.ts';

/** An ATA disk at its ports, by ATA-3 (X3T10/2008D): the master of the first channel, each sector filled with its number. */

const [DATA, ERROR, COUNT, SECTOR, LOW, HIGH, DEVICE, STATUS] = [0, 1, 2, 3, 4, 5, 6, 7].map(
  (n) => 0x1f0 + n,
);
const CONTROL = 0x3f6;
const [READY, DRQ, ERR, BSY] = [0x50, 8, 1, 0x80];
const [ABORTED, ID_NOT_FOUND] = [4, 0x10];
const WORDS = 256;
const SECTORS = 2000;

function disk({ slave = false, chipsetRevision = 31 } = {}) {
  const board = new Board({ diskLatencyMin: 100, diskLatencyMax: 1000, chipsetRevision });
  const image = { sectors: SECTORS, read: (n: number, into: Uint8Array) => void into.fill(n & 0xff) };
  const overlay = new DiskOverlay(image);
  const device = new AtaDisk(board.host, board.bus, 'ata', overlay);
  const other = slave ? new AtaDisk(board.host, board.bus, 'ata1', new DiskOverlay(image)) : undefined;
  new AtaChannel(ATA_CHANNELS[0], board.bus, board.pic, [device, other], true);
  board.device = device;
  const command = (code: number, lba = 0, count = 1, drive = 0xe0) => {
    const values = [count, lba & 0xff, (lba >> 8) & 0xff, (lba >> 16) & 0xff, drive | (lba >>> 24)];
    for (const [n, value] of values.entries()) board.out(COUNT + n, value);
    board.out(STATUS, code);
  };
  const read = () => Array.from({ length: WORDS }, () => board.bus.in(DATA, 2));
  const write = (word: number) => {
    for (let n = 0; n < WORDS; n++) board.bus.out(DATA, 2, word);
  };
  /** Waits for the interrupt and answers it; the status that it finds. */
  const interrupt = () => {
    board.pass(1000);
    expect(board.lines.get(14)).toBe(true);
    return board.in(STATUS);
  };
  const registers = () => [COUNT, SECTOR, LOW, HIGH, DEVICE].map((at) => board.in(at));
  return { board, command, read, write, interrupt, registers, overlay };
}

const filled = (sector: number) => Array(WORDS).fill(sector * 0x101);

describe('after reset', () => {
  it('is ready, its signature in the registers (9.1)', () => {
    const { board, registers } = disk();
    expect(board.in(STATUS)).toBe(READY);
    expect([board.in(ERROR), ...registers()]).toEqual([1, 1, 1, 0, 0, 0]);
  });

  it('by SRST it is busy as long as the bit is up, and what it did is forgotten', () => {
    const { board, command, registers } = disk();
    command(0x20, 5);
    board.out(CONTROL, 4);
    expect([board.in(STATUS), board.in(CONTROL)]).toEqual([BSY, BSY]);
    board.pass(5000);
    expect(board.in(STATUS)).toBe(BSY);
    board.out(CONTROL, 0);
    expect([board.in(STATUS), board.in(ERROR), ...registers()]).toEqual([READY, 1, 1, 1, 0, 0, 0]);
    expect(board.lines.get(14)).toBe(false);
  });
});

describe('READ SECTORS', () => {
  it('has an interrupt and a time for each sector; registers follow', () => {
    const { board, command, read, interrupt, registers } = disk();
    board.latencies = [700, 120, 110];
    command(0x20, 0x1fe, 3);
    expect(board.in(STATUS)).toBe(READY | BSY);
    for (const [n, time] of [700, 120, 110].entries()) {
      board.pass(time - 1);
      expect(board.in(CONTROL)).toBe(READY | BSY);
      board.pass(1);
      expect([board.lines.get(14), board.in(CONTROL)]).toEqual([true, READY | DRQ]);
      expect(board.in(STATUS)).toBe(READY | DRQ);
      expect(registers()).toEqual([2 - n, (0x1fe + n) & 0xff, n < 2 ? 1 : 2, 0, 0xe0]);
      expect(read()).toEqual(filled((0x1fe + n) & 0xff));
    }
    expect(board.in(STATUS)).toBe(READY);
    expect(board.bus.in(DATA, 2)).toBe(0xffff);
    expect(board.draws.map(({ kind }) => kind)).toEqual(['disk_latency', 'disk_block', 'disk_block']);
    expect(() => interrupt()).toThrow();
  });

  it('old traces: what follows the first sector takes the shortest time', () => {
    const { board, command, read } = disk({ chipsetRevision: 0 });
    command(0x20, 0, 2);
    board.pass(1000);
    read();
    expect(board.draws).toHaveLength(1);
    board.pass(99);
    expect(board.in(CONTROL) & BSY).toBe(BSY);
    board.pass(1);
    expect(board.in(CONTROL)).toBe(READY | DRQ);
  });

  it('by cylinder, head and sector of the current geometry', () => {
    const { board, command, read, interrupt, registers } = disk();
    // 4 heads of 10 sectors.
    board.out(COUNT, 10);
    board.out(DEVICE, 0xa3);
    board.out(STATUS, 0x91);
    expect(interrupt()).toBe(READY);
    // Cylinder 2, head 3, sector 10, then cylinder 3, head 0, sector 1.
    command(0x20, (2 << 8) | 10, 2, 0xa3);
    interrupt();
    expect(read()).toEqual(filled((2 * 4 + 3) * 10 + 9));
    interrupt();
    expect(registers()).toEqual([0, 1, 3, 0, 0xa0]);
    expect(read()).toEqual(filled(3 * 4 * 10));
  });

  it('a count of 0 is 256 sectors', () => {
    const { board, command, read, interrupt } = disk();
    command(0x20, 0, 0);
    for (let n = 0; n < 256; n++) {
      expect(interrupt()).toBe(READY | DRQ);
      read();
    }
    expect(board.in(STATUS)).toBe(READY);
  });

  it.each([
    ['beyond the end', SECTORS, 1, 0xe0],
    ['that ends beyond the end', SECTORS - 1, 2, 0xe0],
    ['of sector 0 of a cylinder', 0, 1, 0xa0],
  ])('%s is not found', (_what, lba, count, drive) => {
    const { board, command, interrupt } = disk();
    command(0x20, lba, count, drive);
    expect([interrupt(), board.in(ERROR)]).toEqual([READY | ERR, ID_NOT_FOUND]);
  });
});

describe('WRITE SECTORS', () => {
  it('asks for the first sector without an interrupt, for the others with one, and ends with one', () => {
    const { board, command, write, interrupt, overlay } = disk();
    board.latencies = [500, 120];
    command(0x30, 7, 2);
    expect([board.in(STATUS), board.lines.get(14)]).toEqual([READY | DRQ, false]);
    write(0x1234);
    expect(board.in(STATUS)).toBe(READY | BSY);
    expect(interrupt()).toBe(READY | DRQ);
    write(0x5678);
    expect(interrupt()).toBe(READY);
    const sector = new Uint8Array(512);
    const words = new Uint16Array(sector.buffer);
    for (const [n, word] of [
      [6, 0x0606],
      [7, 0x1234],
      [8, 0x5678],
      [9, 0x0909],
    ]) {
      overlay.read(n, sector);
      expect(words.every((one) => one === word)).toBe(true);
    }
    expect(board.draws.map(({ kind }) => kind)).toEqual(['disk_latency', 'disk_block']);
  });
});

describe('MULTIPLE', () => {
  it('moves blocks of so many sectors with one interrupt, the last as short as need be', () => {
    const { board, command, read, interrupt } = disk();
    command(0xc6, 0, 4);
    interrupt();
    command(0xc4, 0, 6);
    for (const sectors of [4, 2]) {
      expect(interrupt()).toBe(READY | DRQ);
      for (let n = 0; n < sectors; n++) read();
      expect(board.in(CONTROL) & DRQ).toBe(0);
    }
    expect(board.draws.map(({ kind }) => kind)).toEqual(['disk_latency', 'disk_block']);
  });

  it.each([0xc4, 0xc5])('command %# is aborted until it is set', (code) => {
    const { board, command, interrupt } = disk();
    command(code);
    expect([interrupt(), board.in(ERROR)]).toEqual([READY | ERR, ABORTED]);
  });

  it('takes powers of two up to 16; what is none turns it off', () => {
    const { board, command, interrupt } = disk();
    for (const count of [1, 2, 4, 8, 16]) {
      command(0xc6, 0, count);
      expect(interrupt()).toBe(READY);
    }
    for (const count of [3, 32]) {
      command(0xc6, 0, count);
      expect([interrupt(), board.in(ERROR)]).toEqual([READY | ERR, ABORTED]);
    }
    command(0xc4);
    expect(interrupt()).toBe(READY | ERR);
  });
});

describe('other commands', () => {
  it('IDENTIFY tells geometry, sectors and blocks', () => {
    const { command, read, interrupt } = disk();
    command(0xec);
    expect(interrupt()).toBe(READY | DRQ);
    const identity = read();
    expect(identity[1] * identity[3] * identity[6]).toBeLessThanOrEqual(SECTORS);
    expect(identity[60] | (identity[61] << 16)).toBe(SECTORS);
    expect(identity[47] & 0xff).toBe(16);
    expect(identity[49] & 0x200).toBe(0x200);
  });

  it.each([
    ['READ VERIFY', 0x40],
    ['RECALIBRATE', 0x10],
    ['SEEK', 0x70],
    ['FLUSH CACHE', 0xe7],
    ['IDLE', 0xe3],
    ['SET FEATURES', 0xef],
  ])('%s ends with an interrupt and without data', (_name, code) => {
    const { command, interrupt } = disk();
    command(code, 3, 2);
    expect(interrupt()).toBe(READY);
  });

  it('READ VERIFY leaves the last sector in the registers', () => {
    const { command, interrupt, registers } = disk();
    command(0x40, 3, 4);
    interrupt();
    expect(registers()).toEqual([0, 6, 0, 0, 0xe0]);
  });

  it('an unknown one is aborted', () => {
    const { board, command, interrupt } = disk();
    command(0xff);
    expect([interrupt(), board.in(ERROR)]).toEqual([READY | ERR, ABORTED]);
    command(0x40, 3, 2);
    expect([interrupt(), board.in(ERROR)]).toEqual([READY, 0]);
  });

  it('CHECK POWER MODE says active, DIAGNOSTIC that nothing was found', () => {
    const { board, command, interrupt } = disk();
    command(0xe5);
    interrupt();
    expect(board.in(COUNT)).toBe(0xff);
    command(0x90);
    expect([interrupt(), board.in(ERROR)]).toEqual([READY, 1]);
  });

  it('while busy neither registers nor command are taken', () => {
    const { board, command, read, interrupt } = disk();
    command(0x20, 9);
    command(0x30, 100);
    interrupt();
    expect(read()).toEqual(filled(9));
    expect(board.draws).toHaveLength(1);
  });
});

describe('two drives on a cable', () => {
  it('both take the registers, the selected one answers and runs the command', () => {
    const { board, command, interrupt } = disk({ slave: true });
    board.out(SECTOR, 0x77);
    board.out(DEVICE, 0xf0);
    expect([board.in(SECTOR), board.in(STATUS)]).toEqual([0x77, READY]);
    board.out(DEVICE, 0xe0);
    command(0x40, 3);
    expect(interrupt()).toBe(READY);
  });

  it('one that is not there reads as zero beside the master', () => {
    const { board } = disk();
    board.out(DEVICE, 0xf0);
    expect([board.in(STATUS), board.in(CONTROL), board.in(DEVICE)]).toEqual([0, 0, 0x10]);
    board.out(STATUS, 0xec);
    board.pass(5000);
    expect(board.lines.get(14)).toBe(false);
  });
});

it('goes on from a snapshot in the middle of each command', () => {
  for (const [code, count] of [
    [0x20, 3],
    [0x30, 2],
    [0xec, 1],
    [0x40, 4],
    [0x90, 1],
  ]) {
    for (const before of [0, 1, 500, 1001]) {
      const { board, command, overlay } = disk();
      command(code, 5, count);
      const run = () => {
        const seen: unknown[] = [];
        for (let n = 0; n < 40; n++) {
          board.pass(101);
          const status = board.in(CONTROL);
          seen.push(status, board.lines.get(14));
          if (status & BSY || !(status & DRQ)) continue;
          seen.push(board.in(STATUS));
          for (let word = 0; word < 100; word++)
            if (code === 0x30) board.bus.out(DATA, 2, word);
            else seen.push(board.bus.in(DATA, 2));
        }
        return [seen, overlay.hash()];
      };
      board.pass(before);
      const [saved, contents] = [board.save(), overlay.save()];
      const whole = run();
      board.restore(saved);
      overlay.restore(contents);
      expect(run()).toEqual(whole);
    }
  }
});

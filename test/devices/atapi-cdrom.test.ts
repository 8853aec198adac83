import { describe, expect, it } from 'vitest';
import { ATA_CHANNELS, AtaChannel } from '../../recorder/machine/devices/ata-channel.ts';
import { AtapiCdrom } from '../../recorder/machine/devices/atapi-cdrom.ts';
import { Board } from './board.ts';

/**
 * A CD-ROM drive at its ports, by the PACKET protocol of ATA/ATAPI-4 (9.9), SFF-8020i and MMC-3: the master of the second
 * channel, each block filled with its number.
 */

const [DATA, ERROR, REASON, SECTOR, LOW, HIGH, DEVICE, STATUS] = [0, 1, 2, 3, 4, 5, 6, 7].map(
  (n) => 0x170 + n,
);
const CONTROL = 0x376;
const [READY, DRQ, ERR, BSY] = [0x50, 8, 1, 0x80];
const [TO_DRIVE, TO_HOST, ENDED] = [1, 2, 3];
const BLOCKS = 100;

function drive(chipsetRevision = 31) {
  const board = new Board({ diskLatencyMin: 100, diskLatencyMax: 1000, chipsetRevision });
  const image = { sectors: 4 * BLOCKS, read: (n: number, into: Uint8Array) => void into.fill(n >> 2) };
  const device = new AtapiCdrom(board.host, board.bus, 'ata2', image);
  new AtaChannel(ATA_CHANNELS[1], board.bus, board.pic, [device, undefined], true);
  board.device = device;
  board.out(DEVICE, 0xa0);
  const packet = (limit: number, ...bytes: number[]) => {
    board.out(LOW, limit & 0xff);
    board.out(HIGH, limit >> 8);
    board.out(STATUS, 0xa0);
    board.pass(1);
    expect([board.in(CONTROL) & (BSY | DRQ), board.in(REASON)]).toEqual([DRQ, TO_DRIVE]);
    const whole = [...bytes, ...Array(12 - bytes.length).fill(0)];
    for (let n = 0; n < 12; n += 2) board.bus.out(DATA, 2, whole[n] | (whole[n + 1] << 8));
  };
  /** The pieces that the drive offers until it ends, and its last status. */
  const answer = () => {
    const pieces: number[][] = [];
    for (;;) {
      board.pass(1000);
      expect(board.lines.get(15)).toBe(true);
      const status = board.in(STATUS);
      expect(board.lines.get(15)).toBe(false);
      if (!(status & DRQ)) {
        expect(board.in(REASON)).toBe(ENDED);
        return { pieces, data: pieces.flat(), status };
      }
      expect(board.in(REASON)).toBe(TO_HOST);
      const bytes = board.in(LOW) | (board.in(HIGH) << 8);
      const words = Array.from({ length: Math.ceil(bytes / 2) }, () => board.bus.in(DATA, 2));
      pieces.push(words.flatMap((word) => [word & 0xff, word >> 8]).slice(0, bytes));
    }
  };
  const sense = () => {
    packet(18, 0x03, 0, 0, 0, 18);
    const { data } = answer();
    return [data[2], data[12]];
  };
  return { board, packet, answer, sense };
}

const read10 = (lba: number, count: number) => [
  0x28,
  0,
  0,
  0,
  lba >> 8,
  lba & 0xff,
  0,
  count >> 8,
  count & 0xff,
];
const block = (n: number) => Array(2048).fill(n);

describe('as an ATA device', () => {
  it('has the signature of a PACKET device, after reset and after IDENTIFY DEVICE, which it aborts', () => {
    const { board } = drive();
    const signature = () => [REASON, SECTOR, LOW, HIGH].map((at) => board.in(at));
    expect([board.in(STATUS), ...signature()]).toEqual([0, 1, 1, 0x14, 0xeb]);
    board.out(LOW, 0);
    board.out(STATUS, 0xec);
    expect([board.in(STATUS), board.in(ERROR), ...signature()]).toEqual([READY | ERR, 4, 1, 1, 0x14, 0xeb]);
    board.out(LOW, 0);
    board.out(CONTROL, 4);
    board.out(CONTROL, 0);
    expect([board.in(STATUS), ...signature()]).toEqual([0, 1, 1, 0x14, 0xeb]);
  });

  it('identifies itself as a removable CD-ROM with packets of 12 bytes', () => {
    const { board } = drive();
    board.out(STATUS, 0xa1);
    board.pass(100);
    expect(board.in(STATUS)).toBe(READY | DRQ);
    expect(board.bus.in(DATA, 2)).toBe(0x8580);
  });

  it('DEVICE RESET is taken while it is busy', () => {
    const { board, packet } = drive();
    packet(2048, ...read10(0, 1));
    expect(board.in(CONTROL) & BSY).toBe(BSY);
    board.out(STATUS, 0x08);
    expect([board.in(STATUS), board.in(HIGH)]).toEqual([0, 0xeb]);
    board.pass(5000);
    expect(board.lines.get(15)).toBe(false);
  });
});

describe('READ', () => {
  it('gives a block an interrupt, each at a time of its own', () => {
    const { board, packet, answer } = drive();
    packet(2048, ...read10(5, 3));
    const { pieces, status } = answer();
    expect(pieces).toEqual([block(5), block(6), block(7)]);
    expect(status).toBe(READY);
    expect(board.draws.map(({ kind }) => kind)).toEqual(['disk_latency', 'disk_block', 'disk_block']);
  });

  it('old traces: what follows the first block takes the shortest time', () => {
    const { board, packet, answer } = drive(0);
    packet(2048, ...read10(5, 3));
    expect(answer().pieces).toHaveLength(3);
    expect(board.draws.map(({ kind }) => kind)).toEqual(['disk_latency']);
  });

  it('goes in pieces of the byte count that the host set', () => {
    const { packet, answer } = drive();
    packet(768, ...read10(9, 1));
    const { pieces, data } = answer();
    expect(pieces.map(({ length }) => length)).toEqual([768, 768, 512]);
    expect(data).toEqual(block(9));
  });

  it.each([
    ['READ(12)', [0xa8, 0, 0, 0, 0, 3, 0, 0, 0, 2]],
    ['READ CD', [0xbe, 0, 0, 0, 0, 3, 0, 0, 2, 0x10]],
  ])('%s', (_name, bytes) => {
    const { packet, answer } = drive();
    packet(2048, ...bytes);
    expect(answer().pieces).toEqual([block(3), block(4)]);
  });

  it('of no blocks ends at once', () => {
    const { packet, answer } = drive();
    packet(2048, ...read10(5, 0));
    expect(answer()).toMatchObject({ pieces: [], status: READY });
  });

  it('beyond the end is refused, and REQUEST SENSE says why, once', () => {
    const { packet, answer, sense } = drive();
    packet(2048, ...read10(BLOCKS, 1));
    expect(answer()).toMatchObject({ pieces: [], status: READY | ERR });
    expect(sense()).toEqual([5, 0x21]);
    packet(0, 0);
    expect(answer().status).toBe(READY);
    expect(sense()).toEqual([0, 0]);
  });
});

describe('other packets', () => {
  it('READ CAPACITY: the last block and its size', () => {
    const { packet, answer } = drive();
    packet(8, 0x25);
    expect(answer().data).toEqual([0, 0, 0, BLOCKS - 1, 0, 0, 8, 0]);
  });

  it('INQUIRY: a CD-ROM, cut to the room that the packet gives', () => {
    const { packet, answer } = drive();
    packet(0xfffe, 0x12, 0, 0, 0, 5);
    expect(answer().data).toEqual([5, 0x80, 0, 0x21, 31]);
  });

  it('READ TOC: one data track from block 0 and the lead-out, by block or by time', () => {
    const { packet, answer } = drive();
    packet(0xfffe, 0x43, 0, 0, 0, 0, 0, 0, 0, 100);
    const track = [0, 0x14, 1, 0, 0, 0, 0, 0];
    expect(answer().data).toEqual([0, 18, 1, 1, ...track, 0, 0x14, 0xaa, 0, 0, 0, 0, BLOCKS]);
    packet(0xfffe, 0x43, 2, 0, 0, 0, 0, 0xaa, 0, 100);
    expect(answer().data).toEqual([0, 10, 1, 1, 0, 0x14, 0xaa, 0, 0, 0, 3, 25]);
  });

  it('an unknown one is refused with the sense of an invalid command', () => {
    const { packet, answer, sense } = drive();
    packet(0, 0xff);
    expect(answer().status).toBe(READY | ERR);
    expect(sense()).toEqual([5, 0x20]);
  });
});

it('goes on from a snapshot in the middle of a packet, of a wait, of a piece', () => {
  const { board, packet } = drive();
  packet(768, ...read10(2, 2));
  for (let at = 0; at < 30; at++) {
    const saved = board.save();
    const run = () =>
      Array.from({ length: 40 }, () => {
        board.pass(97);
        const seen = [board.in(CONTROL), board.lines.get(15), board.in(REASON), board.in(LOW)];
        for (let n = 0; n < 64; n++) seen.push(board.bus.in(DATA, 2));
        return seen;
      });
    const whole = run();
    board.restore(saved);
    expect(run()).toEqual(whole);
    board.restore(saved);
    board.pass(61);
    for (let n = 0; n < 100; n++) board.bus.in(DATA, 2);
  }
});

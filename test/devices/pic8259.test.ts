import { describe, expect, it } from 'vitest';
import { InterruptControllers } from '../../recorder/machine/devices/pic8259.ts';
import { Board } from './board.ts';

/** The pair of 8259A at their ports, by the Intel data sheet: vectors 20h and 28h, the slave on line 2. */

function pair({ icw4 = 1, slave4 = 1 } = {}) {
  const board = new Board();
  const device = new InterruptControllers(board.host, board.bus);
  board.device = device;
  board.out(0x20, 0x11);
  board.out(0x21, 0x20, 4, icw4, 0);
  board.out(0xa0, 0x11);
  board.out(0xa1, 0x28, 2, slave4, 0);
  const raise = (...lines: number[]) => {
    for (const line of lines) {
      device.setLine(line, false);
      device.setLine(line, true);
    }
  };
  /** Vectors that would interrupt the processor, one after the other, without an EOI between. */
  const taken = () => {
    const vectors: number[] = [];
    while (device.pending) vectors.push(device.acknowledge());
    return vectors;
  };
  const register = (chip: number, command: number) => {
    board.out(chip, command);
    return board.in(chip);
  };
  const irr = (chip = 0x20) => register(chip, 0x0a);
  const isr = (chip = 0x20) => register(chip, 0x0b);
  return { board, device, raise, taken, irr, isr };
}

describe('fully nested', () => {
  it('serves by priority: 0, 1, the slave by its own, 3 to 7', () => {
    const { board, device, raise } = pair();
    raise(7, 15, 3, 8, 1, 0, 12);
    const served: number[] = [];
    while (device.pending) {
      served.push(device.acknowledge());
      board.out(0xa0, 0x20);
      board.out(0x20, 0x20);
    }
    expect(served).toEqual([0x20, 0x21, 0x28, 0x2c, 0x2f, 0x23, 0x27]);
  });

  it('lets only what is of higher priority interrupt a handler', () => {
    const { raise, taken, isr } = pair();
    raise(4);
    expect(taken()).toEqual([0x24]);
    raise(4, 5);
    expect(taken()).toEqual([]);
    raise(3);
    expect(taken()).toEqual([0x23]);
    expect(isr()).toBe(0x18);
  });

  it('an edge is one request, a level in level mode as many as nobody takes away', () => {
    const { board, device, raise, taken } = pair();
    raise(5);
    taken();
    board.out(0x20, 0x20);
    expect(device.pending).toBe(false);
    board.out(0x4d0, 0x20);
    raise(5);
    taken();
    board.out(0x20, 0x20);
    expect(device.pending).toBe(true);
    device.setLine(5, false);
    expect(device.pending).toBe(false);
  });

  it('a line that falls before it is served is line 7, without a bit in service', () => {
    const { device, raise, isr } = pair();
    raise(5);
    device.setLine(5, false);
    expect(device.pending).toBe(false);
    expect([device.acknowledge(), isr()]).toEqual([0x27, 0]);
  });
});

describe('masks', () => {
  it('hold a request back and do not lose it', () => {
    const { board, raise, taken, irr } = pair();
    board.out(0x21, 0x08);
    raise(3);
    expect([taken(), irr(), board.in(0x21)]).toEqual([[], 8, 8]);
    board.out(0x21, 0);
    expect(taken()).toEqual([0x23]);
  });

  it('of line 2 hold back the whole slave', () => {
    const { board, raise, taken } = pair();
    board.out(0x21, 4);
    raise(9);
    expect(taken()).toEqual([]);
    board.out(0x21, 0);
    expect(taken()).toEqual([0x29]);
  });

  it('special mask mode lets lower priorities through a handler that masks its own', () => {
    const { board, raise, taken } = pair();
    raise(3);
    taken();
    board.out(0x21, 8);
    board.out(0x20, 0x68);
    raise(6);
    expect(taken()).toEqual([0x26]);
    board.out(0x20, 0x48);
    raise(7);
    expect(taken()).toEqual([]);
  });
});

describe('end of interrupt', () => {
  it('non-specific ends the highest in service, specific the one that it names', () => {
    const { board, raise, taken, isr } = pair();
    raise(6);
    taken();
    raise(3);
    taken();
    board.out(0x20, 0x66);
    expect(isr()).toBe(8);
    board.out(0x20, 0x20);
    expect(isr()).toBe(0);
  });

  it('rotation makes the line just served the lowest', () => {
    for (const command of [0xa0, 0xe3]) {
      const { board, raise, taken } = pair();
      raise(3);
      taken();
      board.out(0x20, command);
      raise(1, 4, 3);
      expect(taken()[0]).toBe(0x24);
    }
  });

  it('set priority names the lowest', () => {
    const { board, raise, taken } = pair();
    board.out(0x20, 0xc5);
    raise(5, 6, 0);
    expect(taken()[0]).toBe(0x26);
  });

  it('is automatic when ICW4 says so, with rotation if set', () => {
    const { board, raise, device, isr } = pair({ icw4: 3 });
    board.out(0x20, 0x80);
    raise(0, 1);
    expect([device.acknowledge(), isr()]).toEqual([0x20, 0]);
    raise(0);
    expect([device.acknowledge(), device.acknowledge()]).toEqual([0x21, 0x20]);
  });

  it('special fully nested: a higher request of the slave interrupts a lower one of it', () => {
    for (const [icw4, vectors] of [
      [0x11, [0x29]],
      [0x01, []],
    ] as const) {
      const { raise, taken } = pair({ icw4 });
      raise(12);
      taken();
      raise(9);
      expect(taken()).toEqual(vectors);
    }
  });
});

describe('commands', () => {
  it('poll takes the request into service', () => {
    const { board, raise, isr } = pair();
    raise(6);
    board.out(0x20, 0x0c);
    expect(board.in(0x20)).toBe(0x86);
    expect(isr()).toBe(0x40);
    board.out(0x20, 0x0c);
    expect(board.in(0x20)).toBe(0);
  });

  it('initialisation clears mask, requests and service; an edge must come anew', () => {
    const { board, raise, device, irr, isr } = pair();
    raise(3);
    device.acknowledge();
    raise(4, 1);
    board.out(0x21, 0x55);
    board.out(0x20, 0x11);
    board.out(0x21, 0x40, 4, 1);
    expect([irr(), isr(), board.in(0x21), device.pending]).toEqual([0, 0, 0, false]);
    raise(1);
    expect(device.acknowledge()).toBe(0x41);
  });

  it('initialisation without ICW4 ends after the third word', () => {
    const { board } = pair();
    board.out(0x20, 0x10);
    board.out(0x21, 0x40, 4);
    board.out(0x21, 0xaa);
    expect(board.in(0x21)).toBe(0xaa);
  });
});

it('goes on from a snapshot in the middle of an initialisation, of service, of a poll', () => {
  const steps: ((on: ReturnType<typeof pair>) => void)[] = [
    ({ raise }) => raise(3, 9),
    ({ device }) => void device.acknowledge(),
    ({ board }) => board.out(0x20, 0x0c),
    ({ board }) => void board.in(0x20),
    ({ board }) => board.out(0xa0, 0x11),
    ({ board }) => board.out(0xa1, 0x70),
    ({ board }) => board.out(0xa1, 2, 1),
    ({ raise }) => raise(9, 12),
    ({ board }) => board.out(0x20, 0x20),
    ({ board }) => board.out(0x20, 0x20),
  ];
  for (let at = 0; at < steps.length; at++) {
    const on = pair();
    for (const step of steps.slice(0, at)) step(on);
    const saved = on.board.save();
    const goOn = () => {
      for (const step of steps.slice(at)) step(on);
      return [on.taken(), on.irr(), on.isr(), on.irr(0xa0), on.isr(0xa0)];
    };
    const whole = goOn();
    on.board.restore(saved);
    expect(goOn()).toEqual(whole);
  }
});

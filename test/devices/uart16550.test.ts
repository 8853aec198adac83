import { describe, expect, it } from 'vitest';
import { SerialPort } from '../../recorder/machine/devices/uart16550.ts';
import { Board } from './board.ts';

/** The 16550A at its ports, by the PC16550D data sheet; COM1 at 3F8h, IRQ 4 through OUT2. */

const [DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH] = [0, 1, 2, 3, 4, 5, 6, 7].map((port) => 0x3f8 + port);
const FCR = IIR;

function port() {
  const sent: number[] = [];
  const board = new Board({}, { onConsole: (_port, byte) => void sent.push(byte) });
  const device = new SerialPort(board.host, board.bus, board.pic);
  board.device = device;
  return { board, device, sent };
}

describe('registers', () => {
  it('as reset leaves them: nothing enabled, transmitter empty, a modem that is there', () => {
    const { board } = port();
    expect([IER, IIR, LCR, MCR, LSR, MSR].map((at) => board.in(at))).toEqual([0, 1, 0, 0, 0x60, 0xb0]);
  });

  it('the divisor latch hides data and IER', () => {
    const { board, sent } = port();
    board.out(IER, 5);
    board.out(LCR, 0x83);
    board.out(DATA, 0x0c);
    board.out(IER, 0x34);
    expect([board.in(DATA), board.in(IER), board.in(LCR)]).toEqual([0x0c, 0x34, 0x83]);
    board.out(LCR, 3);
    expect(board.in(IER)).toBe(5);
    expect(sent).toEqual([]);
  });

  it('unimplemented bits of IER and MCR read as zero, the scratch register keeps all', () => {
    const { board } = port();
    for (const at of [IER, MCR, SCRATCH]) board.out(at, 0xff);
    expect([IER, MCR, SCRATCH].map((at) => board.in(at))).toEqual([0x0f, 0x1f, 0xff]);
  });
});

describe('receiver', () => {
  it('without FIFO holds one byte; the next is lost, an overrun that LSR shows once', () => {
    const { board, device } = port();
    device.receive(0x41);
    device.receive(0x42);
    expect([board.in(LSR), board.in(LSR)]).toEqual([0x63, 0x61]);
    expect([board.in(DATA), board.in(LSR), board.in(DATA)]).toEqual([0x41, 0x60, 0]);
  });

  it('with FIFO holds sixteen, in order', () => {
    const { board, device } = port();
    board.out(FCR, 1);
    for (let byte = 1; byte <= 17; byte++) device.receive(byte);
    expect(board.in(LSR)).toBe(0x63);
    expect(Array.from({ length: 16 }, () => board.in(DATA))).toEqual([...Array(16).keys()].map((n) => n + 1));
    expect(board.in(LSR)).toBe(0x60);
  });

  it('asks at its trigger level, and for what lies below it by time-out', () => {
    for (const [bits, level] of [
      [0x00, 1],
      [0x40, 4],
      [0x80, 8],
      [0xc0, 14],
    ]) {
      const { board, device } = port();
      board.out(FCR, 1 | bits);
      board.out(IER, 1);
      const reasons = Array.from({ length: level }, () => {
        device.receive(7);
        return board.in(IIR);
      });
      expect(reasons).toEqual([...Array(level - 1).fill(0xcc), 0xc4]);
    }
  });

  it('its FIFO is emptied by FCR, and by turning FIFOs off', () => {
    for (const value of [3, 0]) {
      const { board, device } = port();
      board.out(FCR, 1);
      device.receive(1);
      board.out(FCR, value);
      expect([board.in(LSR), board.in(IIR)]).toEqual([0x60, value & 1 ? 0xc1 : 1]);
    }
  });
});

describe('interrupts', () => {
  it('are identified by priority: line status, data, transmitter', () => {
    const { board, device } = port();
    board.out(MCR, 8);
    board.out(IER, 7);
    device.receive(1);
    device.receive(2);
    expect(board.in(IIR)).toBe(6);
    board.in(LSR);
    expect(board.in(IIR)).toBe(4);
    board.in(DATA);
    expect([board.in(IIR), board.in(IIR)]).toEqual([2, 1]);
    expect(board.lines.get(4)).toBe(false);
  });

  it('the transmitter asks when it is enabled, and after each byte', () => {
    const { board, sent } = port();
    board.out(IER, 2);
    expect([board.in(IIR), board.in(IIR)]).toEqual([2, 1]);
    board.out(DATA, 0x48);
    expect([board.in(IIR), board.in(IIR)]).toEqual([2, 1]);
    board.out(IER, 2);
    expect(board.in(IIR)).toBe(1);
    expect(sent).toEqual([0x48]);
  });

  it('reach IRQ 4 through OUT2 alone', () => {
    const { board, device } = port();
    board.out(IER, 1);
    device.receive(1);
    expect(board.lines.get(4)).toBe(false);
    board.out(MCR, 8);
    expect(board.lines.get(4)).toBe(true);
  });
});

describe('loopback', () => {
  it('gives what is sent to the receiver, and nothing to the line', () => {
    const { board, sent } = port();
    board.out(MCR, 0x10);
    board.out(DATA, 0x55);
    expect([board.in(LSR), board.in(DATA), sent.length]).toEqual([0x61, 0x55, 0]);
  });

  it('gives the modem outputs to the inputs: DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD', () => {
    const { board } = port();
    const status = [1, 2, 4, 8].map((output) => {
      board.out(MCR, 0x10 | output);
      return board.in(MSR) & 0xf0;
    });
    expect(status).toEqual([0x20, 0x10, 0x40, 0x80]);
  });
});

describe('changes of the modem', () => {
  it('are kept until they are read: of CTS, DSR, DCD both ways, of RI its end', () => {
    const { board } = port();
    const set = (mcr: number) => {
      board.out(MCR, mcr);
      return board.in(MSR) & 15;
    };
    // Into loopback with no output on: all that the null modem gave goes.
    expect([set(0x10), set(0x10)]).toEqual([0x0b, 0]);
    expect([set(0x12), set(0x11), set(0x14), set(0x10), set(0x18), set(0x10)]).toEqual([1, 3, 2, 4, 8, 8]);
    board.out(MCR, 0x12);
    board.out(MCR, 0x10);
    expect([board.in(MSR), board.in(MSR)]).toEqual([1, 0]);
  });

  it('ask last of all, until the status is read', () => {
    const { board } = port();
    board.out(MCR, 0x10);
    board.out(IER, 8);
    expect([board.in(IIR), board.in(MSR) & 15, board.in(IIR)]).toEqual([0, 0x0b, 1]);
    board.out(MCR, 8);
    expect(board.lines.get(4)).toBe(true);
    board.out(IER, 0x0a);
    expect([board.in(IIR), board.in(IIR)]).toEqual([2, 0]);
    board.in(MSR);
    expect([board.in(IIR), board.lines.get(4)]).toEqual([1, false]);
  });
});

it('goes on from a snapshot with its FIFO, its interrupts and its line', () => {
  const { board, device } = port();
  board.out(MCR, 8);
  board.out(FCR, 0x41);
  board.out(IER, 3);
  for (let byte = 1; byte <= 5; byte++) device.receive(byte);
  const goOn = () => [
    ...[IIR, DATA, DATA, LSR, IIR, IIR, DATA, DATA, DATA, LSR].map((at) => board.in(at)),
    board.lines.get(4),
  ];
  const saved = board.save();
  const whole = goOn();
  board.restore(saved);
  expect(goOn()).toEqual(whole);
});

describe('jitter', () => {
  /** 12 is 9600 baud, at which a character of ten bits takes 1.04 ms: 10,416 instructions of 10 million a second. */
  function jittery(latencies: number[]) {
    const board = new Board({ jitter: 50 });
    board.device = new SerialPort(board.host, board.bus, board.pic);
    board.latencies = latencies;
    board.out(LCR, 0x83);
    board.out(DATA, 12);
    board.out(LCR, 3);
    board.out(MCR, 8);
    return board;
  }

  it('moves to another time for the line of the port alone', () => {
    const board = jittery([400]);
    const { device } = board;
    board.out(DATA, 0x41);
    const due = device.nextDeadline();
    expect(due).toBe(400);
    expect(device.redraw?.(0, due, due + 7)).toBe(false);
    expect(device.redraw?.(4, due - 1, due + 7)).toBe(false);
    expect(device.nextDeadline()).toBe(due);
    expect(device.redraw?.(4, due, due + 7)).toBe(true);
    expect(device.nextDeadline()).toBe(due + 7);
  });

  it('the transmitter is empty, and asks, after what is drawn', () => {
    const board = jittery([400]);
    board.out(IER, 2);
    board.in(IIR);
    board.out(DATA, 0x41);
    expect(board.draws).toEqual([{ kind: 'serial_latency', low: 0, high: 5208 }]);
    expect([board.in(LSR), board.lines.get(4)]).toEqual([0, false]);
    board.pass(399);
    expect([board.in(LSR), board.in(IIR)]).toEqual([0, 1]);
    const saved = board.save();
    board.pass(1);
    expect([board.lines.get(4), board.in(LSR), board.in(IIR), board.in(IIR)]).toEqual([true, 0x60, 2, 1]);
    board.restore(saved);
    board.pass(1);
    expect(board.lines.get(4)).toBe(true);
  });

  it('bytes queue up, and enabling the interrupt waits for them', () => {
    const board = jittery([100, 200, 0]);
    board.out(DATA, 0x41, 0x42);
    board.out(IER, 2);
    expect(board.lines.get(4)).toBe(false);
    board.pass(299);
    expect(board.in(LSR)).toBe(0);
    board.pass(1);
    expect([board.in(LSR), board.lines.get(4)]).toEqual([0x60, true]);
    board.out(DATA, 0x43);
    expect([board.in(LSR), board.lines.get(4)]).toEqual([0x60, true]);
  });
});

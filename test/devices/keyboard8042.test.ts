import { describe, expect, it } from 'vitest';
import { KeyboardController } from '../../recorder/machine/devices/keyboard8042.ts';
import type { SystemPorts } from '../../recorder/machine/devices/system-ports.ts';
import { Board } from './board.ts';

/**
 * The 8042 and its keyboard at ports 60h and 64h (IBM PC/AT Technical Reference, "Keyboard Controller" and "Keyboard"). Bytes of the
 * keyboard take a millisecond each: ten instructions.
 */

const [OUTPUT_FULL, SYSTEM, COMMAND, UNLOCKED] = [1, 4, 8, 0x10];
const WIRE = 10;

function controller() {
  const board = new Board({ instructionsPerSecond: 1000 * WIRE });
  let resets = 0;
  const system = { a20: true, reset: () => resets++ };
  const device = new KeyboardController(board.host, board.bus, board.pic, system as unknown as SystemPorts);
  board.device = device;
  const full = () => (board.in(0x64) & OUTPUT_FULL) !== 0;
  /** The bytes that the keyboard sends until it is silent. */
  const bytes = () => {
    const all: number[] = [];
    for (;;) {
      board.pass(WIRE);
      if (!full()) return all;
      all.push(board.in(0x60));
    }
  };
  const command = (code: number, ...parameters: number[]) => {
    board.out(0x64, code);
    board.out(0x60, ...parameters);
  };
  const commandByte = () => {
    board.out(0x64, 0x20);
    return board.in(0x60);
  };
  const press = (...codes: number[]) => {
    for (const code of codes) device.key(code);
  };
  return { board, device, system, full, bytes, command, commandByte, press, resets: () => resets };
}

describe('the controller', () => {
  it('tells its state: output full, system flag, who wrote last, not locked', () => {
    const { board } = controller();
    expect(board.in(0x64)).toBe(SYSTEM | UNLOCKED);
    board.out(0x64, 0xaa);
    expect(board.in(0x64)).toBe(OUTPUT_FULL | SYSTEM | COMMAND | UNLOCKED);
    expect(board.in(0x60)).toBe(0x55);
    board.out(0x60, 0xee);
    expect(board.in(0x64)).toBe(SYSTEM | UNLOCKED);
  });

  it('tests itself and its keyboard, reads its input port', () => {
    const { board } = controller();
    const answers = [0xaa, 0xab, 0xc0].map((code) => {
      board.out(0x64, code);
      return board.in(0x60);
    });
    expect(answers).toEqual([0x55, 0, 0x80]);
  });

  it('keeps its command byte', () => {
    const { command, commandByte } = controller();
    expect(commandByte()).toBe(0x45);
    command(0x60, 0x74);
    expect(commandByte()).toBe(0x74);
  });

  it('moves address line 20 and resets the processor by its output port', () => {
    const { board, system, command, resets } = controller();
    command(0xd1, 0xdd);
    expect([system.a20, resets()]).toEqual([false, 0]);
    board.out(0x64, 0xd0);
    expect(board.in(0x60) & 3).toBe(1);
    command(0xd1, 0xdf);
    expect(system.a20).toBe(true);
    command(0xd1, 0xde);
    expect(resets()).toBe(1);
    board.out(0x64, 0xff);
    expect(resets()).toBe(1);
    board.out(0x64, 0xfe);
    expect(resets()).toBe(2);
  });

  it('D2h puts a byte where the keyboard would, with its interrupt', () => {
    const { board, command } = controller();
    command(0xd2, 0x1e);
    expect([board.lines.get(1), board.in(0x60), board.lines.get(1)]).toEqual([true, 0x1e, false]);
  });

  it('holds the keyboard back while it is disabled, and loses nothing', () => {
    const { board, bytes, press } = controller();
    board.out(0x64, 0xad);
    press(0x1e, 0x9e);
    expect(bytes()).toEqual([]);
    board.out(0x64, 0xae);
    expect(bytes()).toEqual([0x1e, 0x9e]);
  });
});

describe('keys', () => {
  it('arrive one by one, each with an edge of IRQ 1', () => {
    const { board, full, press } = controller();
    press(0x1e, 0x9e);
    board.pass(WIRE - 1);
    expect(full()).toBe(false);
    board.pass(1);
    expect([full(), board.lines.get(1), board.rises.get(1)]).toEqual([true, true, 1]);
    board.pass(50 * WIRE);
    expect([board.in(0x60), full(), board.lines.get(1)]).toEqual([0x1e, false, false]);
    board.pass(WIRE);
    expect([board.in(0x60), board.rises.get(1)]).toEqual([0x9e, 2]);
  });

  it('make no interrupt that the command byte does not enable', () => {
    const { board, full, command, press } = controller();
    command(0x60, 0x44);
    press(0x1e);
    board.pass(WIRE);
    expect([full(), board.lines.get(1)]).toEqual([true, false]);
    command(0x60, 0x45);
    expect(board.lines.get(1)).toBe(true);
  });

  it('are of set 2 where the controller does not translate', () => {
    const { command, bytes, press } = controller();
    command(0x60, 0x05);
    press(0x1e, 0x9e, 0xe0, 0x48);
    expect(bytes()).toEqual([0x1c, 0xf0, 0x1c, 0xe0, 0x75]);
  });

  it('that nobody reads are lost after 64', () => {
    const { bytes, press } = controller();
    press(...Array(100).fill(0x1e));
    expect(bytes()).toHaveLength(64);
  });
});

describe('the keyboard', () => {
  it.each([
    ['echo', [0xee], [0xee]],
    ['LEDs', [0xed, 7], [0xfa, 0xfa]],
    ['rate', [0xf3, 0x20], [0xfa, 0xfa]],
    ['identity, translated', [0xf2], [0xfa, 0xab, 0x41]],
    ['reset', [0xff], [0xfa, 0xaa]],
    ['scan code set', [0xf0, 0], [0xfa, 0xfa, 2]],
    ['unknown', [0xe1], [0xfe]],
  ])('answers: %s', (_name, sent, answer) => {
    const { board, bytes } = controller();
    const answers = sent.flatMap((byte) => {
      board.out(0x60, byte);
      return bytes();
    });
    expect(answers).toEqual(answer);
  });

  it('stops scanning by F5h and goes on by F4h', () => {
    const { board, bytes, press } = controller();
    board.out(0x60, 0xf5);
    bytes();
    press(0x1e);
    expect(bytes()).toEqual([]);
    board.out(0x60, 0xf4);
    expect(bytes()).toEqual([0xfa]);
    press(0x1e);
    expect(bytes()).toEqual([0x1e]);
  });
});

describe('the auxiliary port, where nothing is', () => {
  it('a byte for it times out', () => {
    const { board, command } = controller();
    command(0x60, 0x47);
    board.out(0x64, 0xd4);
    expect(board.in(0x64) & OUTPUT_FULL).toBe(0);
    board.out(0x60, 0xf4);
    // Output full, from the auxiliary port, time-out.
    expect(board.in(0x64) & 0x61).toBe(0x61);
    expect([board.lines.get(1), board.lines.get(12)]).toEqual([false, true]);
    expect(board.in(0x60)).toBe(0xfe);
    expect(board.in(0x64) & 0x61).toBe(0);
    expect([board.lines.get(1), board.lines.get(12)]).toEqual([false, false]);
  });

  it('without its interrupt enabled, line 12 stays low; the keyboard hears nothing of it', () => {
    const { board, device, bytes, command } = controller();
    command(0xd4, 0xed);
    expect(board.lines.get(12)).toBe(false);
    expect(board.in(0x60)).toBe(0xfe);
    expect(device.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
    board.out(0x60, 0xf4);
    board.pass(WIRE);
    expect([board.lines.get(1), bytes()]).toEqual([true, [0xfa]]);
  });
});

it('goes on from a snapshot in the middle of a command, of a parameter, of what is on its way', () => {
  const { board, bytes, press } = controller();
  const steps = [
    () => board.out(0x64, 0x60),
    () => board.out(0x60, 0x45),
    () => board.out(0x60, 0xed),
    () => press(0x1e, 0x9e),
    () => board.pass(WIRE / 2),
    () => board.pass(WIRE),
    () => board.out(0x60, 5),
    () => board.out(0x64, 0xd4),
  ];
  for (const [at, step] of steps.entries()) {
    step();
    const saved = board.save();
    const goOn = () => {
      for (const later of steps.slice(at + 1)) later();
      return [board.in(0x60), board.in(0x64), bytes(), board.lines.get(1), board.lines.get(12)];
    };
    const whole = goOn();
    board.restore(saved);
    expect(goOn()).toEqual(whole);
    board.restore(saved);
  }
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Printer } from '../../recorder/machine/devices/printer.ts';
import { runCli } from '../cli/run-cli.ts';
import { multibootElf } from '../replay/tiny-kernel.ts';
import { Board } from './board.ts';

/** The parallel printer adapter at its ports (IBM Technical Reference, Options and Adapters, "IBM Printer Adapter"). */

const [DATA, STATUS, CONTROL] = [0x378, 0x379, 0x37a];
/** Control: not initialized, selected; with the strobe; with interrupts. */
const READY = 0x0c;
const STROBE = 0x0d;
const INTERRUPTS = 0x10;
/** Status: idle; taking a byte; acknowledging it. */
const [IDLE, BUSY, ACKNOWLEDGES] = [0xdf, 0x5f, 0x9f];
const IRQ = 7;

/** At 1 million instructions a second, an instruction is 1 us. */
function printer() {
  const printed: number[][] = [];
  const onConsole = (port: number, byte: number) => void printed.push([port, byte]);
  const board = new Board({ instructionsPerSecond: 1_000_000 }, { onConsole } as never);
  board.device = new Printer(board.host, board.bus, board.pic);
  const send = (byte: number, more = 0) => {
    board.out(DATA, byte);
    board.out(CONTROL, STROBE | more, READY | more);
  };
  return { board, printed, send };
}

describe('a printer', () => {
  it('keeps data and control, and shows itself idle and selected', () => {
    const { board } = printer();
    board.out(DATA, 0x5a);
    expect([board.in(DATA), board.in(STATUS), board.in(CONTROL)]).toEqual([0x5a, IDLE, 0xec]);
  });

  it('takes a byte at the strobe, is busy for 10 us, and acknowledges for 5', () => {
    const { board, printed, send } = printer();
    send(0x41);
    expect([printed, board.in(STATUS)]).toEqual([[[3, 0x41]], BUSY]);
    board.pass(9);
    expect(board.in(STATUS)).toBe(BUSY);
    board.pass(1);
    expect(board.in(STATUS)).toBe(ACKNOWLEDGES);
    board.pass(4);
    expect(board.in(STATUS)).toBe(ACKNOWLEDGES);
    board.pass(1);
    expect(board.in(STATUS)).toBe(IDLE);
    expect(board.device.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it('takes nothing while busy, initialized or not selected, nor by a strobe that stays', () => {
    const { board, printed, send } = printer();
    send(0x41);
    send(0x42);
    board.pass(100);
    board.out(DATA, 0x43);
    board.out(CONTROL, STROBE);
    board.pass(100);
    board.out(CONTROL, STROBE);
    board.out(CONTROL, 0x08);
    expect(board.in(STATUS)).toBe(BUSY);
    board.out(CONTROL, 0x09, 0x04, 0x05);
    expect(printed).toEqual([
      [3, 0x41],
      [3, 0x43],
    ]);
  });

  it('asks for IRQ 7 while it acknowledges, if it may', () => {
    const { board, send } = printer();
    send(0x41);
    board.pass(10);
    expect(board.lines.get(IRQ)).toBe(false);
    board.pass(5);
    send(0x42, INTERRUPTS);
    board.pass(10);
    expect(board.lines.get(IRQ)).toBe(true);
    board.out(CONTROL, READY);
    expect(board.lines.get(IRQ)).toBe(false);
    board.out(CONTROL, READY | INTERRUPTS);
    expect(board.lines.get(IRQ)).toBe(true);
    board.pass(5);
    expect([board.lines.get(IRQ), board.rises.get(IRQ)]).toEqual([false, 2]);
  });

  it('goes on from a snapshot taken in the middle of a byte', () => {
    const { board, send } = printer();
    send(0x41, INTERRUPTS);
    board.pass(12);
    const saved = board.save();
    board.pass(100);
    board.restore(saved);
    expect(board.in(STATUS)).toBe(ACKNOWLEDGES);
    board.pass(3);
    expect(board.in(STATUS)).toBe(IDLE);
  });
});

describe('record --printer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'r386-printer-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const [kernel, trace] = ['kernel.elf', 'run.r386'].map((name) => join(folder, name));
  /** Prints an A, waits for the printer to be idle, and leaves with what the status port reads as then. */
  const KERNEL = [
    ...[0x66, 0xba, 0x78, 0x03, 0xb0, 0x41, 0xee], //              mov dx, 378h; mov al, 'A'; out dx, al
    ...[0x66, 0xba, 0x7a, 0x03, 0xb0, 0x0d, 0xee, 0xb0, 0x0c, 0xee], // mov dx, 37ah; strobe on, off
    ...[0x66, 0xba, 0x79, 0x03, 0xb9, 0, 2, 0, 0, 0xec, 0xe2, 0xfd], // mov dx, 379h; 512 times in al, dx
    ...[0xe6, 0xf4, 0xeb, 0xfe], //                                 out f4h, al; jmp $
  ];
  const run = (...more: string[]) => runCli('record', kernel, ...more, '--force', '-o', trace);

  it('shows what is printed, and replays', async () => {
    writeFileSync(kernel, multibootElf(KERNEL));
    const { status, stdout } = await run('--printer', '--expect-exit', '0xdf');
    expect([status, stdout[0]]).toEqual([0, '  | A']);
    expect((await runCli('replay', trace)).status).toBe(0);
    expect((await runCli('info', trace)).stdout.join('\n')).toContain('a printer on LPT1');
    const [, row] = (
      await runCli('query', trace, '--format', 'csv', '--sql', 'SELECT port, line FROM console')
    ).stdout;
    expect(row).toBe('lpt1,A');
  });

  it('without it has none', async () => {
    expect((await run('--expect-exit', '0xff')).status).toBe(0);
  });
});

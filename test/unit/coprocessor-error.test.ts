import { expect, it } from 'vitest';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import type { Cpu } from '../../recorder/machine/cpu/cpu.ts';
import { CS, DS, EBX, ES, ESP, SS } from '../../recorder/machine/cpu/state.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import { Machine } from '../../recorder/machine/machine.ts';
import { ToyInputs } from './machine-fixture.ts';

const CODE = 0x1000;
const HANDLER = 0x1800;
const DATA = 0x2000;
const VECTOR = 0x75;

const bytes = (text: string) => text.split(/\s+/).map((byte) => Number.parseInt(byte, 16));
/** MOV AL, value; OUT port, AL. */
const out = (port: string, value: string) => `b0 ${value} e6 ${port}`;

/** Both 8259s at vectors 8 and 70h, lines 2 and 13 open; then a division by zero that is not masked, and FLD1. */
const PROGRAM = [
  ...[out('20', '11'), out('21', '08'), out('21', '04'), out('21', '01'), out('21', 'fb')],
  ...[out('a0', '11'), out('a1', '70'), out('a1', '02'), out('a1', '01'), out('a1', 'df')],
  'fb db e3 c7 07 7b 03 d9 2f d9 e8 d9 ee de f9', // sti; fninit; fldcw 037b; fld1; fldz; fdivp
  '40 40 d9 e8 40', //                               inc ax twice; fld1, which waits; inc ax
  out('f4', '00'),
].join(' ');

/** As kernels of the time handle it (SDM volume 1, D.3.4): F0h first, then the status, then FNCLEX. */
const HANDLE = [
  ...['50', out('f0', '00'), 'df e0 89 47 04 db e2 ff 47 06'],
  ...[out('a0', '20'), out('20', '20'), '58 cf'],
].join(' ');

function start(): Machine {
  const machine = new Machine({
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
    profile: NO_PROFILE,
    nondet: new ToyInputs(),
    sink: null,
    disk: null,
  });
  const cpu = machine.cpu as Cpu;
  for (const segment of [CS, DS, ES, SS]) cpu.setSegment(segment, 0, 0, 0xffff, 0x9300);
  machine.mem.u8.set(bytes(PROGRAM), RAM + CODE);
  machine.mem.u8.set(bytes(HANDLE), RAM + HANDLER);
  machine.mem.view.setUint32(RAM + VECTOR * 4, HANDLER, true);
  cpu.eip = CODE;
  cpu.setRegister(EBX, DATA);
  cpu.setRegister(ESP, 0x7000);
  return machine;
}

const word = ({ mem }: Machine, at: number) => mem.view.getUint16(RAM + at, true);

it('an error comes as IRQ 13 at the next instruction that waits; F0h and FNCLEX let it go on', () => {
  const machine = start();
  expect(machine.run(1000)).toEqual({ kind: 'exit', code: 0 });
  expect(word(machine, DATA + 6)).toBe(1);
  // ZE, ES and B; two numbers on the stack.
  expect(word(machine, DATA + 4)).toBe(0xb084);
});

it('is the same run however it is cut, and from every snapshot', () => {
  const whole = start();
  whole.run(1000);
  const end = JSON.stringify(whole.hashes());
  const steps = whole.icount;
  const stepped = start();
  for (let at = 1; at <= steps; at++) {
    stepped.run(at);
    const restored = start();
    restored.restore(stepped.snapshot());
    restored.run(1000);
    expect(JSON.stringify(restored.hashes()), `from icount ${at}`).toBe(end);
  }
});

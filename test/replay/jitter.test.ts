import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raisesOf } from '../../analysis/what-if/recorded-interrupts.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runCli } from '../cli/run-cli.ts';
import { exitWith, flatKernel } from './flat-kernel.ts';
import { u32 } from './machine-code.ts';

/** `record --jitter`: on a kernel without any disk, whose timer interrupts count and whose console is a polled serial port. */

const folder = mkdtempSync(join(tmpdir(), 'r386-jitter-'));
afterAll(() => rmSync(folder, { recursive: true }));
const kernel = join(folder, 'kernel.elf');
const path = (name: string) => join(folder, `${name}.r386`);

const TICKS = 20;
const COUNT = 0x220000;
const out = (port: number, value: number) => [0xb0, value, 0xe6, port]; // mov al, value; out port, al

const body = [
  ...[...out(0x20, 0x11), ...out(0x21, 0x20), ...out(0x21, 4), ...out(0x21, 1), ...out(0x21, 0xfe)],
  ...[...out(0x43, 0x34), ...out(0x40, 0xa9), ...out(0x40, 4)], // mode 2, 1193: a millisecond
  ...[0xc7, 0x05, ...u32(COUNT), ...u32(0), 0xfb], //           mov dword [COUNT], 0; sti
  ...[0x66, 0xba, 0xf8, 0x03, 0xb0, 0x41, 0xee], //       next: mov dx, 3f8h; mov al, 'A'; out dx, al
  ...[0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xfb], // mov dx, 3fdh; in al, dx; test al, 20h; jz $-5
  ...[0x83, 0x3d, ...u32(COUNT), TICKS, 0x75, 0xe7], //         cmp dword [COUNT], TICKS; jne next
  ...exitWith(0),
];
const timer = [
  ...[0xff, 0x05, ...u32(COUNT)], //             inc dword [COUNT]
  ...[0x50, ...out(0x20, 0x20), 0x58, 0xcf], // push eax; EOI; pop eax; iretd
];

beforeAll(() => writeFileSync(kernel, flatKernel({ body, handlers: { 32: timer } })));

interface Run {
  /** icounts at which the timer's interrupt came. */
  readonly ticks: readonly number[];
  readonly kinds: ReadonlySet<string>;
  readonly disk: readonly [number, number];
  readonly end: number;
}

async function recorded(name: string, seed: number, ...more: string[]): Promise<Run> {
  const { status, stderr } = await runCli(
    'record',
    kernel,
    '--seed',
    `${seed}`,
    '-o',
    path(name),
    '-q',
    ...more,
  );
  expect([status, stderr]).toEqual([0, []]);
  const reader = TraceReader.open(path(name));
  try {
    const { diskLatencyMin, diskLatencyMax } = reader.header.machine;
    return {
      ticks: raisesOf(reader, 0),
      kinds: new Set(reader.inputs().map(({ kind }) => kind)),
      disk: [diskLatencyMin, diskLatencyMax],
      end: reader.footer?.final.icount ?? 0,
    };
  } finally {
    reader.close();
  }
}

describe('record --jitter', () => {
  it('without it, seeds do not change the timing of a guest without disks', async () => {
    const [one, two] = [await recorded('one', 1), await recorded('two', 2)];
    expect(two).toEqual(one);
    expect(one.kinds).toEqual(new Set(['rtc_start']));
    expect(one.disk).toEqual([5_000, 120_000]);
  });

  it('with it they do, the same seed gives the same bytes, and the trace replays', async () => {
    const plain = await recorded('plain', 1);
    const one = await recorded('one20', 1, '--jitter', '20%');
    const two = await recorded('two20', 2, '--jitter', '20%');
    const again = await recorded('again20', 1, '--jitter', '20');
    expect(one.kinds).toEqual(new Set(['rtc_start', 'timer_latency', 'serial_latency']));
    expect(two.ticks).not.toEqual(one.ticks);
    expect(again).toEqual(one);
    expect(readFileSync(path('again20'))).toEqual(readFileSync(path('one20')));
    expect(one.ticks).toHaveLength(TICKS);
    // A tick is a millisecond, 10,000 instructions (9,998.6 by the crystal); none is early, none later than 20%.
    const late = one.ticks.map((at, n) => at - plain.ticks[0] - Math.round(n * 9998.6));
    for (const by of late) {
      expect(by).toBeGreaterThan(-5);
      expect(by).toBeLessThan(2_050);
    }
    expect(new Set(late).size).toBeGreaterThan(TICKS / 2);
    for (const name of ['one20', 'two20']) expect((await runCli('replay', path(name))).status).toBe(0);
  });

  it('moves the bounds of what a disk takes', async () => {
    expect((await recorded('disk', 1, '--jitter', '10%', '--disk-latency', '1k-2k')).disk).toEqual([
      900, 2200,
    ]);
  });

  it.each(['100%', '-1', 'much', '1.5', '5%%'])('refuses %s', async (text) => {
    const { status, stderr } = await runCli('record', kernel, `--jitter=${text}`, '-o', path('never'));
    expect([status, stderr]).toEqual([
      2,
      [`rewind386: --jitter ${text}: not a percentage`, 'next: write 0 to 99 percent, for example 20%'],
    ]);
  });
});

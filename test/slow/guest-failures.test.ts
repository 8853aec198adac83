import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli } from '../cli/run-cli.ts';
import {
  exitWith,
  type FlatKernel,
  flatKernel,
  HALT,
  PAGE_FAULT,
  PAGING,
  say,
} from '../replay/flat-kernel.ts';
import { u32 } from '../replay/machine-code.ts';
import { tinyKernel } from '../replay/tiny-kernel.ts';

/** Guests that crash, panic, end badly or are stuck: `record` ends with status 1, and `check` tells the same of the trace. */

const folder = mkdtempSync(join(tmpdir(), 'r386-failures-'));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

interface Told {
  readonly record: CliResult;
  readonly check: CliResult;
  /** The output of `check`, in one piece. */
  readonly said: string;
}

let runs = 0;

async function told(kernel: Uint8Array, ...options: string[]): Promise<Told> {
  const name = path(`${++runs}`);
  writeFileSync(`${name}.elf`, kernel);
  const trace = `${name}.r386`;
  const record = await runCli('record', `${name}.elf`, '-q', '-n', '50k', ...options, '-o', trace);
  const check = await runCli('check', trace);
  return { record, check, said: check.stdout.join('\n') };
}

const toldOf = (kernel: FlatKernel, ...options: string[]) => told(flatKernel(kernel), ...options);

const IRET = [0xcf];
const UD2 = [0x0f, 0x0b];
const CLASSES = [
  'kernel fault',
  'triple fault',
  'panic',
  'bad exit code',
  'exception without end',
  'halted forever',
];

/** Of which classes there are findings. */
const classesIn = (said: string): string[] =>
  CLASSES.filter((title) => new RegExp(`^(?:ERROR|WARNING) ${title} in`, 'm').test(said));

describe('a guest that does well', () => {
  it('is clean, with the number of checks that could apply', async () => {
    const { record, check, said } = await told(tinyKernel(10));
    expect(record.status).toBe(0);
    expect(check.status).toBe(0);
    expect(said).toMatch(
      /: clean: \d+ of \d+ checks could apply \(\d+ concern an alternate map, which the profile does not have.*\), no finding$/,
    );
  });

  it('is not called clean beyond where it was stopped', async () => {
    const { record, said } = await toldOf({ body: [] });
    expect(record.status).toBe(0);
    expect(said).toMatch(/no finding up to icount 50,000, where the run was stopped$/);
  });

  it('may have exceptions, even many at one place', async () => {
    // mov ecx, 5000; again: ud2; loop again. The handler steps over the instruction.
    const body = [...[0xb9, ...u32(5000)], ...UD2, ...[0xe2, 0xfc], ...exitWith(0)];
    const { check } = await toldOf({ body, handlers: { 6: [0x83, 0x04, 0x24, 0x02, ...IRET] } });
    expect(check.status).toBe(0);
  });
});

describe('a guest that fails', () => {
  it('a triple fault, with the fault that led to it', async () => {
    const { record, check, said } = await toldOf({ body: UD2 });
    expect(record.status).toBe(1);
    expect(check.status).toBe(1);
    expect(classesIn(said)).toEqual(['kernel fault', 'triple fault']);
    expect(said).toMatch(/exception 6 \(#UD invalid opcode\) in kernel code; it could not be delivered/);
    expect(said).toMatch(/the processor shut down: /);
  });

  it('a page fault in the kernel, with the last writer of the entry', async () => {
    const { record, said } = await toldOf({ body: [...PAGING, ...PAGE_FAULT] });
    expect(record.status).toBe(1);
    expect(record.stdout.join('\n')).toMatch(/^FAILED exception 14 .*read of 00380008, not present/m);
    expect(said).toMatch(
      /; its PTE was last written at icount \d+ by [0-9a-f]{8} from 00380000 PW to 00000000 -/,
    );
    expect(said).toContain('pte-history 0x00380008');
  });

  it('a page fault that the kernel comes back from is none', async () => {
    // The handler maps the page again: the error code is popped, and the instruction is executed once more.
    const mend = [0xc7, 0x05, ...u32(0x301000 + 4 * 0x380), ...u32(0x380003), 0x83, 0xc4, 0x04, ...IRET];
    const { check } = await toldOf({
      body: [...PAGING, ...PAGE_FAULT, ...exitWith(0)],
      handlers: { 14: mend },
    });
    expect(check.status).toBe(0);
  });

  it('a panic on the console', async () => {
    const { record, said } = await toldOf({ body: say('panic: out of cheese\n') });
    expect(record.status).toBe(1);
    expect(classesIn(said)).toEqual(['panic']);
    expect(said).toContain('the console says "panic: out of cheese"');
  });

  it('a panic after a fault comes after it', async () => {
    const handler = [...say('panic: x\n'), ...HALT];
    const { said } = await toldOf({ body: UD2, handlers: { 6: handler } });
    expect(classesIn(said)).toEqual(['kernel fault', 'panic']);
    expect(said.indexOf('ERROR kernel fault')).toBeLessThan(said.indexOf('ERROR panic'));
  });

  it("words like a panic's are none", async () => {
    const { check } = await toldOf({ body: [...say('panicked? no\n'), ...exitWith(0)] });
    expect(check.status).toBe(0);
  });

  it('a bad exit code, unless it is meant', async () => {
    const body = exitWith(0x2a);
    const bad = await toldOf({ body });
    expect(bad.record.status).toBe(1);
    expect(classesIn(bad.said)).toEqual(['bad exit code']);
    const meant = await toldOf({ body }, '--expect-exit', '0x2a');
    expect([meant.record.status, meant.check.status]).toEqual([0, 0]);
    const other = await toldOf({ body: exitWith(0) }, '--expect-exit', '0x2a');
    expect(other.record.status).toBe(1);
  });

  it('a halt forever is a warning, and no failure', async () => {
    const { record, check, said } = await toldOf({ body: HALT });
    expect([record.status, check.status]).toEqual([0, 1]);
    expect(classesIn(said)).toEqual(['halted forever']);
    expect(said).toMatch(/^hint: HLT before 0x[0-9a-f]+ with interrupts disabled/m);
  });
});

describe('hints, the same of record and check', () => {
  async function hint(kernel: FlatKernel, ...options: string[]): Promise<string> {
    const { record, check } = await toldOf(kernel, ...options);
    const hints = (lines: readonly string[]) =>
      lines.flatMap((line, n) => (line.startsWith('hint: ') ? [`${line}; ${lines[n + 1].trim()}`] : []));
    expect(hints(record.stdout)).toEqual(hints(check.stdout));
    return hints(check.stdout).join('\n');
  }

  // again: cmovs eax, edx; jmp again
  const cmov = { body: [0x0f, 0x48, 0xc2, 0xeb, 0xfb], handlers: { 6: IRET } };

  it('follow from the run: a replay makes their facts again', async () => {
    await toldOf({ body: [0xba, ...u32(0x2fd), 0xec, 0xeb, 0xfd] });
    expect((await runCli('replay', path(`${runs}.r386`))).status).toBe(0);
  });

  it('one exception without end, for want of a feature', async () => {
    const { record, said } = await toldOf(cmov);
    expect(record.status).toBe(1);
    expect(classesIn(said)).toEqual(['exception without end']);
    expect(said).toMatch(/exception 6 .* 4[0-9],\d+ times in a row at one instruction \(cmovs %edx,%eax\)/);
    expect(await hint(cmov)).toMatch(/cmovs %edx,%eax, which --cpu pentium lacks; try --cpu pentium,\+cmov$/);
  });

  it('none with the feature', async () => {
    expect(await hint(cmov, '--cpu', 'pentium,+cmov')).toBe('');
  });

  // mov al, mask; out 21h, al; mov edx, 3fch; mov al, mcr; out dx, al; mov dl, f9h; mov al, 2; out dx, al
  const serial = (mask: number, mcr: number) => ({
    body: [
      ...[0xb0, mask, 0xe6, 0x21, 0xba, ...u32(0x3fc), 0xb0, mcr, 0xee],
      ...[0xb2, 0xf9, 0xb0, 0x02, 0xee],
    ],
  });

  it('COM1 asks with OUT2 off', async () => {
    expect(await hint(serial(0xef, 3))).toMatch(/COM1 requests IRQ 4 .* OUT2 is off/);
  });

  it('no word of it with OUT2 on, or with the line masked', async () => {
    expect(await hint(serial(0xef, 0xb))).toBe('');
    expect(await hint(serial(0xff, 3))).toBe('');
  });

  it.each([
    ['COM2', 0x2fd, /port 2FDh was read [\d,]+ times at the end, but has no device: no COM2/],
    ['an ATA channel', 0x177, /port 177h .*the second ATA channel has no drive/],
  ])('polls %s', async (_, port, text) => {
    // mov edx, port; again: in al, dx; jmp again
    expect(await hint({ body: [0xba, ...u32(port), 0xec, 0xeb, 0xfd] })).toMatch(text);
  });

  it('a probe is no wait', async () => {
    // mov edx, 2fdh; mov ecx, 500; again: in al, dx; loop again
    expect(await hint({ body: [0xba, ...u32(0x2fd), 0xb9, ...u32(500), 0xec, 0xe2, 0xfd] })).toBe('');
  });

  it('a graphics mode', async () => {
    // mov edx, 3ceh; mov ax, 0106h; out dx, ax: graphics register 6
    expect(await hint({ body: [0xba, ...u32(0x3ce), 0x66, 0xb8, 0x06, 0x01, 0x66, 0xef] })).toMatch(
      /the display is in a graphics mode/,
    );
  });
});

it('what has the header of a Linux kernel alone is refused', async () => {
  const image = new Uint8Array(4096);
  const view = new DataView(image.buffer);
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, 0x207, true);
  view.setUint8(0x211, 1);
  writeFileSync(path('boot.lkrn'), image);
  const { status, stderr } = await runCli('record', path('boot.lkrn'), '-o', path('lkrn.r386'));
  expect(status).toBe(2);
  expect(stderr[0]).toMatch(/boot\.lkrn has the header of a Linux kernel and no 32-bit entry/);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runGuest } from '../guest/built-in.ts';
import { type FlatKernel, flatKernel, PAGE_FAULT, PAGING, VICTIM } from '../replay/flat-kernel.ts';
import { runCli } from './run-cli.ts';

/** The story of a failure backwards, of guests whose story is known. */

const folder = mkdtempSync(join(tmpdir(), 'r386-why-'));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

interface Told {
  readonly icount: number;
  readonly what: string;
  readonly code: string | null;
  readonly process: string | null;
  readonly because: string;
  readonly next: readonly string[];
}

async function storyOf(trace: string, ...options: string[]): Promise<Told[]> {
  const { status, stdout, stderr } = await runCli('why', trace, '--json', ...options);
  expect([status, stderr.filter((line) => !line.startsWith('note: '))]).toEqual([0, []]);
  return (JSON.parse(stdout.join('\n')) as { steps: Told[] }).steps;
}

const whats = (steps: readonly Told[]) => steps.map(({ what }) => what);

async function recorded(name: string, kernel: FlatKernel): Promise<string> {
  writeFileSync(path(`${name}.elf`), flatKernel(kernel));
  await runCli('record', path(`${name}.elf`), '-q', '-n', '50k', '-o', path(`${name}.r386`));
  return path(`${name}.r386`);
}

describe('the panic of the built-in kernel', () => {
  const trace = path('buggy.r386');
  beforeAll(() => runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: trace }));

  it('is told back to the interrupt that switched the alternate map', async () => {
    const steps = await storyOf(trace);
    expect(whats(steps).slice(0, 6)).toEqual([
      ...['panic', 'entry written', 'window used', 'window switched', 'interrupt', 'window set'],
    ]);
    const rows = await runCli('query', trace, 'foreign-pmap', '--format', 'json');
    const [hijack] = JSON.parse(rows.stdout.join('\n'));
    expect(steps.slice(1, 6).map(({ icount }) => icount)).toEqual([
      ...[hijack.first_access_icount, hijack.first_access_icount, hijack.switch_icount],
      ...[hijack.interrupt_icount, hijack.set_icount],
    ]);
    expect(steps[1].because).toMatch(
      /in pmap_enter\+0x\w+ wrote the PDE of efbfe000 in directory 005c7000 \(ftpd\[64\]\)/,
    );
    expect(steps[3].because).toMatch(/^pmap_testbit\+0x\w+ switched the alternate map .* inside IRQ 14, /);
  });

  it('says each step in a line, with the next command', async () => {
    const { stdout } = await runCli('why', trace);
    expect(stdout[0]).toMatch(
      /^22,712,741 {2}the console says "panic: pmap_enter: no page table for efbfe000"/,
    );
    expect(stdout[3].trim()).toBe(`next: rewind386 query ${trace} pte-history 0xefbfe000`);
  });

  it('begins where it is told to', async () => {
    const [latent] = await storyOf(trace, '--finding', '3');
    expect(latent.what).toBe('latent hijack');
    const [hijack] = await storyOf(trace, '--at', '22712600');
    expect([hijack.what, hijack.icount]).toEqual(['interrupt hijack', 22712557]);
    const none = await runCli('why', trace, '--finding', '99');
    expect([none.status, none.stderr[0]]).toEqual([
      2,
      expect.stringMatching(/^rewind386: --finding 99: there are \d+$/),
    ]);
  });
});

describe('the panic of a kernel with a temporary mapping slot', () => {
  const trace = path('post.r386');
  const guest = (name: string) => join(import.meta.dirname, '../guests/post', name);
  beforeAll(() => runCli('record', guest('post.elf'), '--profile', guest('post.json'), '-q', '-o', trace));

  it('is told back to the clock interrupt, though its words name no address', async () => {
    const steps = await storyOf(trace);
    expect(whats(steps).slice(0, 6)).toEqual([
      ...['panic', 'window hijack', 'window used', 'window switched', 'interrupt', 'window set'],
    ]);
    expect(steps[2].because).toMatch(
      /A\[1\] in write_letter\+0x27 stored .* through the window kmap at e000008c/,
    );
    expect(steps[4].because).toBe('IRQ 0 (clock_entry) interrupted A[1] in write_letter+0x27');
  });
});

describe('a triple fault', () => {
  it('is told back to the store that unmapped the page', async () => {
    const trace = await recorded('unmapped', { body: [...PAGING, ...PAGE_FAULT] });
    const steps = await storyOf(trace);
    expect(whats(steps).slice(0, 2)).toEqual(['kernel fault', 'entry cleared']);
    expect(steps[1].because).toContain(`the PTE of ${VICTIM.toString(16).padStart(8, '0')}`.slice(0, 14));
    expect(steps[1].because).toContain('00380000 PW became 00000000 -');
    expect(steps[1].icount).toBeLessThan(steps[0].icount);
  });
});

it('has nothing to tell of a guest that did well', async () => {
  const trace = await recorded('well', { body: [] });
  const { status, stdout } = await runCli('why', trace);
  expect([status, stdout]).toEqual([0, [`${trace}: nothing failed, and no check finds anything`]]);
});

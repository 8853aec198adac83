import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { symbolsOf } from '../../analysis/cli/options/guest-symbols.ts';
import { writeError } from '../../analysis/cli/work/output-file.ts';
import { runCli } from './run-cli.ts';

/** Addresses of `who-wrote`: physical, linear, symbols, and the entries that map one. */

const folder = mkdtempSync(join(tmpdir(), 'r386-who-wrote-'));
const trace = join(folder, 'run.r386');
beforeAll(() => runCli('record', '-q', '-n', '2M', '-o', trace));
afterAll(() => rmSync(folder, { recursive: true }));

async function answer(...argv: string[]) {
  const { status, stdout, stderr } = await runCli('who-wrote', trace, ...argv, '--json');
  expect([status, stderr.filter((line) => !line.startsWith('note: '))]).toEqual([0, []]);
  return JSON.parse(stdout.join('\n')) as { bytes: string; icount: number; code: string; linear: string }[];
}

/** The built-in kernel maps its image at F0000000h. */
const BASE = 0xf0000000;
const hex8 = (n: number) => n.toString(16).padStart(8, '0');

it('takes a symbol for the linear address that it is', async () => {
  const { address } = symbolsOf(trace).find(({ name }) => name.raw === 'curproc') ?? { address: 0 };
  const bySymbol = await answer('curproc');
  expect(bySymbol).toHaveLength(1);
  expect(bySymbol[0]).toMatchObject({ bytes: `${hex8(address - BASE)}+4`, linear: hex8(address) });
  expect(bySymbol[0].code).toMatch(/^cpu_switch/);
  expect(await answer('curproc+0')).toEqual(bySymbol);
  expect(await answer('--linear', `0x${hex8(address)}`)).toEqual(bySymbol);
  expect(await answer(`0x${hex8(address - BASE)}`)).toEqual(bySymbol);
});

it('finds who wrote the PDE and the PTE of an address', async () => {
  const [pde, pte, ...more] = await answer('--pte-of', 'curproc');
  expect(more).toEqual([]);
  expect(pde.bytes).toMatch(/\+4$/);
  expect(pte.bytes).toMatch(/\+4$/);
  expect(pde.bytes).not.toBe(pte.bytes);
});

it('says what is not mapped, and when', async () => {
  const { status, stderr } = await runCli('who-wrote', trace, '--linear', '0x12345000');
  expect(status).toBe(2);
  expect(stderr[0]).toMatch(/12345000 is not mapped at icount 2000000$/);
  const early = await runCli('who-wrote', trace, '--pte-of', '0x12345000', '--before', '0');
  expect(early.stderr[0]).toMatch(/paging is off at icount 0/);
});

it('tells of a full disk in words, whoever met it', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const duckdb = new Error('IO Error: Could not write file "x.tmp": No space left on device');
  for (const error of [full, duckdb])
    expect(writeError(error, 'out')).toMatchObject({ message: 'cannot write out: the disk is full' });
  const other = new Error('something else');
  expect(writeError(other, 'out')).toBe(other);
});

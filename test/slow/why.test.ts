import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';
import { type FlatKernel, flatKernel, PAGE_FAULT, PAGING, VICTIM } from '../replay/flat-kernel.ts';
import { u32 } from '../replay/machine-code.ts';

/** The story of a failure backwards, of guests whose story is known. */

const folder = mkdtempSync(join(tmpdir(), 'r386-why-'));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

interface Told {
  readonly icount: number;
  readonly what: string;
  readonly code: string | null;
  readonly source: string | null;
  readonly instruction: string | null;
  readonly process: string | null;
  readonly because: string;
  readonly next: readonly string[];
}

interface Answer {
  readonly steps: Told[];
  readonly value?: { readonly of: string; readonly steps: Told[]; readonly end: string };
  readonly masked?: Told;
}

async function answer(trace: string, ...options: string[]): Promise<Answer> {
  const { status, stdout, stderr } = await runCli('why', trace, '--json', ...options);
  expect([status, stderr.filter((line) => !line.startsWith('note: '))]).toEqual([0, []]);
  return JSON.parse(stdout.join('\n')) as Answer;
}

const storyOf = async (trace: string, ...options: string[]) =>
  (await answer(trace, '--no-what-if', '--hops', '0', ...options)).steps;

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
    const { stdout } = await runCli('why', trace, '--no-what-if', '--hops', '0');
    expect(stdout[0]).toMatch(
      /^22,712,741 {2}the console says "panic: pmap_enter: no page table for efbfe000"/,
    );
    expect(stdout[3].trim()).toBe(`next: rewind386 query ${trace} pte-history 0xefbfe000`);
  });

  it('begins where it is told to', async () => {
    const [latent] = await storyOf(trace, '--finding', '3');
    const stack = await runCli('stack', trace, '--finding', '3');
    const known = await runCli(
      'query',
      trace,
      '--format',
      'json',
      '--stacks',
      'findings',
      '--sql',
      'FROM stacks',
    );
    const frames = (JSON.parse(known.stdout.join('\n')) as { icount: number; name: string }[]).filter(
      ({ icount }) => icount === latent.icount,
    );
    expect(stack.stdout.flatMap((line) => /^#\d+ +\w+ (\w+)/.exec(line)?.[1] ?? [])).toEqual(
      frames.map(({ name }) => name),
    );
    expect(frames.length).toBeGreaterThan(2);
    expect(latent.what).toBe('latent hijack');
    const [hijack] = await storyOf(trace, '--at', '22712600');
    expect([hijack.what, hijack.icount]).toEqual(['interrupt hijack', 22712557]);
    const none = await runCli('why', trace, '--finding', '99');
    expect([none.status, none.stderr[0]]).toEqual([
      2,
      expect.stringMatching(/^rewind386: finding 99: the trace has \d+ findings$/),
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

  it('is told so too of a trace whose profile declares no window', async () => {
    const bare = path('bare.r386');
    await runCli('record', guest('post.elf'), '-q', '-o', bare);
    const steps = await storyOf(bare);
    const declared = await storyOf(trace);
    const facts = (of: readonly Told[]) => of.map(({ icount, what, code }) => [icount, what, code]);
    expect(facts(steps)).toEqual(facts(declared));
    expect(steps[2].because).toContain('through the window page-e0000000 at e000008c');
  });

  it('goes without that interrupt, and the value stored is followed to who made it', async () => {
    const { masked, value } = await answer(trace);
    expect(masked?.because).toMatch(
      /while the window kmap was in use: VANISHED the panic, the window hijack; /,
    );
    expect(masked?.next.slice(0, 3)).toEqual(['replay', '--cli', '3507587:3507896']);
    expect(value?.steps.map(({ code }) => code?.replace(/\+.*/, ''))).toEqual(
      [
        ...['write_letter', 'write_letter', 'write_letter', 'write_letter', 'run_thread', 'run_thread'],
      ].concat(value?.steps.slice(6).map(() => 'run_thread') ?? []),
    );
    expect(value?.steps[0].source).toMatch(/mail\.c:\d+$/);
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
  expect([status, stdout[0]]).toEqual([0, `${trace}: nothing failed, and no check found anything`]);
});

describe('the way back of a value', () => {
  /** mov dword [at], value */
  const store = (at: number, value: number) => [0xc7, 0x05, ...u32(at), ...u32(value)];
  const [SOURCE, COPY, LAST] = [0x300100, 0x310100, 0x320100];
  const COPIED = [
    ...[0xb8, ...u32(0x1234), 0x05, ...u32(0xabc00000), 0xa3, ...u32(SOURCE + 4)], // mov eax, 1234; add eax, abc00000; mov [SOURCE + 4], eax
    ...[0xb9, ...u32(4), 0xbe, ...u32(SOURCE), 0xbf, ...u32(COPY), 0xf3, 0xa5], // rep movsd, four words
    ...[0xb9, ...u32(16), 0xbe, ...u32(COPY), 0xbf, ...u32(LAST), 0xf3, 0xa4], // rep movsb, the same in bytes
  ];

  it('leads through copies, a sum and a register to a constant', async () => {
    const trace = await recorded('copied', { body: COPIED });
    const { value } = await answer(trace, '--value', `0x${(LAST + 4).toString(16)}`);
    expect(value?.steps.map(({ what, instruction }) => [what, instruction])).toEqual([
      ['stored', 'rep movsb %ds:(%esi),%es:(%edi)'],
      ['stored', 'rep movsl %ds:(%esi),%es:(%edi)'],
      ['stored', `mov %eax,0x${(SOURCE + 4).toString(16)}`],
      ['register set', 'add $0xabc00000,%eax'],
      ['register set', 'mov $0x1234,%eax'],
    ]);
    expect(value?.steps.slice(0, 4).every(({ because }) => because.startsWith('abc01234 '))).toBe(true);
    expect(value?.end).toBe('it came from a constant in the code, 1234');
    const [first] = value?.steps ?? [];
    const few = await answer(
      trace,
      '--value',
      `0x${(LAST + 4).toString(16)}@${first.icount + 1}`,
      '--hops',
      '2',
    );
    expect([few.value?.steps.length, few.value?.end]).toEqual([
      2,
      'stopped after 2 steps: --hops N follows more',
    ]);
  });

  it('is followed through the stack, addresses, halves of registers and interrupts', async () => {
    const body = [
      ...[0xb9, ...u32(0x77), 0xcd, 0x30, 0x51, 0x5a], // mov ecx, 77h; int 30h; push ecx; pop edx
      ...[0xbe, ...u32(0x345000), 0x8d, 0x7e, 0x08, 0x87, 0xfb], // mov esi, 345000h; lea edi, [esi + 8]; xchg edi, ebx
      ...[0x31, 0xc0, 0xe4, 0x71, 0x0f, 0xb6, 0xe8], // xor eax, eax; in al, 71h; movzx ebp, al
      ...[0xb0, 0x05, 0xb4, 0x09, 0x0f, 0xb6, 0xc8], // mov al, 5; mov ah, 9; movzx ecx, al
    ];
    const handler = [0x51, 0xb9, ...u32(5), 0x59, 0xcf]; // push ecx; mov ecx, 5; pop ecx; iret
    const trace = await recorded('registers', { body, handlers: { 48: handler } });
    const way = async (register: string) => {
      const { value } = await answer(trace, '--value', `${register}@100`);
      return [...(value?.steps ?? []).map(({ instruction }) => instruction), value?.end];
    };
    expect(await way('edx')).toEqual([
      ...['pop %edx', 'push %ecx', 'mov $0x77,%ecx', 'it came from a constant in the code, 77'],
    ]);
    expect(await way('ebx')).toEqual([
      ...['xchg %edi,%ebx', 'lea 0x8(%esi),%edi', 'mov $0x345000,%esi'],
      'it came from a constant in the code, 345000',
    ]);
    expect(await way('ecx')).toEqual([
      ...['movzbl %al,%ecx', 'mov $0x5,%al', 'it came from a constant in the code, 5'],
    ]);
    expect(await way('ebp')).toEqual([
      ...['movzbl %al,%ebp', 'in $0x71,%al', 'it came from port 71h, the real-time clock'],
    ]);
  });

  it('leads to a device that wrote by DMA', async () => {
    const trace = join(import.meta.dirname, '../golden/0.2.0-floppy.r386');
    const { value } = await answer(trace, '--value', 'phys:0x7c00');
    expect(value?.steps.map(({ what }) => what)).toEqual(['DMA']);
    expect(value?.end).toBe('it came from a device, by DMA');
    const [{ icount }] = JSON.parse(
      (await runCli('who-wrote', trace, '0x7c03+1', '--json')).stdout.join('\n'),
    );
    expect(value?.steps[0].icount).toBe(icount);
  });

  it('says that a word was never written, and what is no value', async () => {
    const trace = await recorded('copied', { body: COPIED });
    const { value } = await answer(trace, '--value', `0x${SOURCE.toString(16)}:2`);
    expect(value?.end).toMatch(/^2 bytes at physical 00300100 were never written/);
    for (const text of ['0x1000:3', 'nobody@7', '0x1000@9G'])
      expect((await runCli('why', trace, '--value', text)).status).toBe(2);
  });

  it('is that of the address, where nothing ever mapped it', async () => {
    // mov dword [SOURCE], 500000h; mov esi, [SOURCE]; mov eax, [esi + 8]
    const body = [...PAGING, ...store(SOURCE, 0x500000), 0x8b, 0x35, ...u32(SOURCE), 0x8b, 0x46, 0x08];
    const { steps, value } = await answer(await recorded('wild', { body }));
    expect(whats(steps)).toEqual(['kernel fault']);
    expect(value?.of).toBe('the address 00500008');
    expect(value?.steps.map(({ instruction }) => instruction)).toEqual([
      ...[`mov 0x${SOURCE.toString(16)},%esi`, `movl $0x500000,0x${SOURCE.toString(16)}`],
    ]);
  });

  it('is that of the gate that an exception did not find', async () => {
    const trace = await recorded('no-gate', { body: [...store(0x200000 + 8 * 6 + 4, 0x0e00), 0x0f, 0x0b] });
    const { value } = await answer(trace);
    expect(value?.of).toBe('the gate of vector 6 in the IDT at 00200000');
    expect(value?.steps[0].because).toMatch(
      /^00000e00 was written to 00200034 .* from a constant in the code, e00$/,
    );
  });
});

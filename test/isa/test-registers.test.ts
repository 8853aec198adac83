import { describe, expect, it } from 'vitest';
import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import { CR0, CR3, EAX, EBX, EDX } from '../../recorder/machine/cpu/state.ts';
import { ProtectedMode } from './protected-mode.ts';
import { CODE } from './real-mode.ts';

const INVALID_OPCODE = 6;
const GENERAL_PROTECTION = 13;
const DIRECTORY = 0x20000;
const TABLE = 0x21000;
/** A page that the tables map to itself, and the frames that a test writes into the TLB or the table for it. */
const LINEAR = 0x30000;
const OTHER = 0x40000;

/** TR6: C and V, and each of D, U, W as it is (10), as its inverse (01), or whichever (11). */
const LOOKUP = 1;
const VALID = 0x800;
const ANY = 0x7e0;
const DIRTY_USER_WRITABLE = 0x540;
const HIT = 0x10;

const MOV_TR6_EAX = '0f 26 f0';
const MOV_TR7_EBX = '0f 26 fb';
const MOV_EBX_TR7 = '0f 24 fb';
const MOV_DX_LINEAR = '8b 15 00 00 03 00';

/** A processor with the first 4 MB mapped one to one, and PG set by its own instruction before `code`. */
function paged(code: string, options: { model?: string; record?: boolean } = {}): ProtectedMode {
  const bench = new ProtectedMode({ model: '386', ...options });
  bench.poke32(DIRECTORY, TABLE | 7);
  for (let n = 0; n < 1024; n++) bench.poke32(TABLE + 4 * n, (n << 12) | 7);
  const { cpu } = bench;
  cpu.setRegister(EDX, DIRECTORY);
  cpu.setRegister(EAX, cpu.cr0 | 0x80000000);
  return bench.code(`0f 22 da 0f 22 c0 ${code}`);
}

describe.each(['386', '486', 'pentium', 'pentiumpro'])('test registers of a %s', (model) => {
  it.each([3, 4, 5, 6, 7])('TR%d', (number) => {
    const modrm = (0xc0 | (number << 3)).toString(16);
    const bench = new ProtectedMode({ model }).code(`0f 26 ${modrm} 0f 24 ${modrm}`);
    bench.cpu.setRegister(EAX, 0x7fffffe1);
    bench.step(2);
    const exists = model === '486' || (model === '386' && number >= 6);
    expect(bench.vector).toBe(exists ? -1 : INVALID_OPCODE);
    // The ModRM byte is the sixteenth: too long, for a processor that reads it.
    const long = new ProtectedMode({ model }).code(`${'2e '.repeat(13)}0f 26 ${modrm}`);
    long.step();
    expect(long.vector).toBe(model.startsWith('pentium') ? INVALID_OPCODE : GENERAL_PROTECTION);
    if (exists) {
      const kept = { 3: 0x7fffffe1, 4: 0x7fffffe0, 5: 0x7e1, 6: 0x7fffffe1, 7: 0x7fffffe0 }[number];
      expect(bench.cpu.register(EAX)).toBe(kept);
    }
  });
});

describe('a 386', () => {
  it('had none in version 0.1, and has none at CPL 3', () => {
    const old = new ProtectedMode({ model: '386', revision: 0 }).code(MOV_TR6_EAX);
    old.step();
    expect(old.vector).toBe(INVALID_OPCODE);
    const user = new ProtectedMode({ model: '386' }).user().code(MOV_TR6_EAX);
    user.step();
    expect(user.vector).toBe(GENERAL_PROTECTION);
  });

  it('looks for a page with the rights asked for', () => {
    const bench = paged(`${MOV_DX_LINEAR} ${MOV_TR6_EAX} ${MOV_EBX_TR7}`);
    bench.step(3);
    const ask = (tr6: number): number => {
      bench.cpu.eip = CODE + 12;
      bench.cpu.setRegister(EAX, tr6);
      bench.step(2);
      return bench.cpu.register(EBX);
    };
    const found = ask(LINEAR | VALID | ANY | LOOKUP);
    expect(found & ~0xc).toBe(LINEAR | HIT);
    // Read only: D is clear in the entry.
    expect(ask(LINEAR | VALID | 0x340 | LOOKUP)).toBe(found);
    expect(ask(LINEAR | VALID | 0x540 | LOOKUP)).toBe(0);
    expect(ask(LINEAR | VALID | LOOKUP)).toBe(0);
    expect(ask(OTHER | VALID | ANY | LOOKUP)).toBe(0);
  });

  it.each([0, 1, 2, 3])('writes an entry in way %d, by which accesses go until a flush', (way) => {
    const bench = paged(`${MOV_TR7_EBX} ${MOV_TR6_EAX} ${MOV_DX_LINEAR} 0f 22 d9 ${MOV_DX_LINEAR}`, {
      record: true,
    });
    const { cpu } = bench;
    bench.poke32(LINEAR, 1);
    bench.poke32(OTHER, 2);
    bench.step(2);
    cpu.setRegister(EBX, OTHER | HIT | (way << 2));
    cpu.setRegister(EAX, LINEAR | VALID | DIRTY_USER_WRITABLE);
    bench.step(3);
    expect(cpu.register(EDX)).toBe(2);
    const uses = bench.events('tlb_events').filter(({ op }) => op === 2);
    expect(uses).toMatchObject([{ linear: LINEAR, used: (OTHER | 0x67) >>> 0, fresh: expect.any(Number) }]);
    const entry = bench.mmu.cachedTranslations().find(({ vpn }) => vpn === LINEAR >>> 12);
    expect(entry).toMatchObject({ frame: OTHER >>> 12 });
    cpu.setRegister(1, bench.mem.i32[CR3]);
    bench.step(2);
    expect(cpu.register(EDX)).toBe(1);
    expect(bench.mem.i32[CR0] >>> 31).toBe(1);
  });

  it('keeps them in what a snapshot has', () => {
    const bench = new ProtectedMode({ model: '486' }).code('0f 26 d8');
    const words = () => {
      const all: number[] = [];
      bench.cpu.forEachStateWord((word) => all.push(word));
      return all;
    };
    bench.cpu.setRegister(EAX, 0x12345678);
    bench.step();
    expect(words().filter((word) => word === 0x12345678)).toHaveLength(2);
  });
});

it('are shown as objdump shows them', () => {
  const show = (...bytes: number[]) => {
    let at = 0;
    return disassemble(() => bytes[at++], 0, true);
  };
  expect(show(0x0f, 0x26, 0xf0)).toMatchObject({ text: 'mov %eax,%tr6' });
  expect(show(0x0f, 0x24, 0xfb)).toMatchObject({ text: 'mov %tr7,%ebx' });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';

const show = (hex: string, { address = 0x1000, wide = true } = {}): string => {
  const bytes = hex.split(' ').map((byte) => Number.parseInt(byte, 16));
  let at = 0;
  const line = disassemble(() => bytes[at++] ?? 0, address, wide);
  if (typeof line === 'string') return line;
  expect(line.length).toBe(bytes.length);
  return line.text;
};

describe('AT&T syntax, as binutils prints it', () => {
  it.each([
    ['0f 22 d8', 'mov %eax,%cr3'],
    ['0f 01 38', 'invlpg (%eax)'],
    ['0f 01 54 24 04', 'lgdtl 0x4(%esp)'],
    ['c7 44 24 04 01 00 00 00', 'movl $0x1,0x4(%esp)'],
    ['83 c0 ff', 'add $0xffffffff,%eax'],
    ['80 c0 ff', 'add $0xff,%al'],
    ['66 83 c0 ff', 'add $0xffff,%ax'],
    ['64 8b 04 8d 10 00 00 f0', 'mov %fs:0xf0000010(,%ecx,4),%eax'],
    ['8b 44 8b fc', 'mov -0x4(%ebx,%ecx,4),%eax'],
    ['67 8b 42 05', 'mov 0x5(%bp,%si),%eax'],
    ['d1 f8', 'sar %eax'],
    ['d3 65 08', 'shll %cl,0x8(%ebp)'],
    ['0f b6 c0', 'movzbl %al,%eax'],
    ['0f bf 08', 'movswl (%eax),%ecx'],
    ['f3 a5', 'rep movsl %ds:(%esi),%es:(%edi)'],
    ['f2 ae', 'repnz scas %es:(%edi),%al'],
    ['f3 a6', 'repz cmpsb %es:(%edi),%ds:(%esi)'],
    ['f0 0f b1 0a', 'lock cmpxchg %ecx,(%edx)'],
    ['0f c7 0e', 'cmpxchg8b (%esi)'],
    ['ff 14 85 00 10 00 00', 'call *0x1000(,%eax,4)'],
    ['ff 2d 00 20 00 00', 'ljmp *0x2000'],
    ['ea 00 10 10 f0 08 00', 'ljmp $0x8,$0xf0101000'],
    ['75 fe', 'jne 0x1000'],
    ['cd 80', 'int $0x80'],
    ['cf', 'iret'],
    ['ec', 'in (%dx),%al'],
    ['8e d8', 'mov %eax,%ds'],
    ['c8 10 00 01', 'enter $0x10,$0x1'],
    ['0f a4 d0 08', 'shld $0x8,%edx,%eax'],
    ['69 c0 e8 03 00 00', 'imul $0x3e8,%eax,%eax'],
    ['d8 45 08', 'fadds 0x8(%ebp)'],
    ['dc c1', 'fadd %st,%st(1)'],
    ['d8 c0', 'fadd %st(0),%st'],
    ['de e9', 'fsubrp %st,%st(1)'],
    ['d9 c9', 'fxch %st(1)'],
    ['df 28', 'fildll (%eax)'],
    ['de 10', 'ficoms (%eax)'],
    ['db 38', 'fstpt (%eax)'],
    ['df e0', 'fnstsw %ax'],
    ['9b', 'fwait'],
    ['0f 1f 00', 'nopl (%eax)'],
    ['66 0f 1f 44 00 08', 'nopw 0x8(%eax,%eax,1)'],
    ['0f 18 c8', 'nop %eax'],
    ['0f 11 03', 'umov %eax,(%ebx)'],
    ['0f 12 03', 'umov (%ebx),%al'],
    ['66 90', 'xchg %ax,%ax'],
    ['66 0f c8', 'bswap %ax'],
  ])('%s is %s', (bytes, text) => expect(show(bytes)).toBe(text));

  it('follows the mode: 16-bit code', () => {
    expect(show('b8 34 12', { wide: false })).toBe('mov $0x1234,%ax');
    expect(show('66 b8 34 12 00 00', { wide: false })).toBe('mov $0x1234,%eax');
  });

  it('says what no instruction is', () => {
    expect(show('0f ff')).toBe('undefined');
    expect(show('f0 90')).toBe('undefined');
    expect(show('66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90')).toBe('too long');
  });
});

const kernel = fileURLToPath(new URL('../../recorder/guest/images/kernel.elf', import.meta.url));
const objdump = spawnSync('objdump', ['-dw', kernel], { encoding: 'utf8', maxBuffer: 1 << 28 });
if (objdump.error) console.warn('objdump (binutils) is not installed: its comparison is skipped');

describe.skipIf(objdump.error)('the whole guest kernel', () => {
  it('reads as objdump reads it', () => {
    let compared = 0;
    let inFunctions = true;
    for (const line of objdump.stdout.split('\n')) {
      // What follows the functions in their section is data, which objdump takes for code.
      if (/^[0-9a-f]+ <etext>/.test(line)) inFunctions = false;
      const match = line.match(/^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t(.+)$/);
      if (!inFunctions || !match || /\(bad\)|\.byte/.test(match[3])) continue;
      const [, address, bytes, theirs] = match;
      const ours = show(bytes.trim(), { address: Number.parseInt(address, 16) });
      // It names targets, shows a displacement of 0 where one was encoded, and a table's address as negative.
      const plain = (text: string) =>
        text
          .replace(/ +<.*>$/, '')
          .replace(/\s+/g, ' ')
          .trim()
          .replace(/\b0x0\(/, '(')
          .replace(
            /-0x([0-9a-f]+)(?=\(,)/,
            (_, digits) => `0x${(2 ** 32 - Number.parseInt(digits, 16)).toString(16)}`,
          )
          .replace(/^(j\w+|call) (?=[0-9a-f])(?:0x)?/, '$1 ');
      expect(plain(ours), `${address}: ${bytes}`).toBe(plain(theirs));
      compared++;
    }
    expect(compared).toBeGreaterThan(8000);
  });
});

describe.skipIf(objdump.error)('every x87 instruction', () => {
  it('reads as objdump reads it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'r386-'));
    const path = join(folder, 'x87.bin');
    const modrm = Array.from({ length: 72 }, (_, n) => (n < 8 ? n * 8 + 7 : 0xb8 + n));
    const escapes = Array.from({ length: 8 }, (_, n) => modrm.map((byte) => [0xd8 + n, byte])).flat();
    writeFileSync(path, Buffer.from(escapes.flat()));
    const listing = spawnSync('objdump', ['-D', '-b', 'binary', '-m', 'i386', path], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    let compared = 0;
    for (const line of listing.stdout.split('\n')) {
      const match = line.match(/^\s*[0-9a-f]+:\t((?:[0-9a-f]{2} )+)\s*\t(.+)$/);
      // Those that it does not know are aliases, which we name; FISTTP came with SSE3, FRSTPM left with the 287.
      if (!match || /\(bad\)|fisttp|frstpm/.test(match[2])) continue;
      const theirs = match[2]
        .replace(/\(\d+ only\)/, '')
        .replace(/\s+/g, ' ')
        .trim();
      expect(show(match[1].trim()), match[1]).toBe(theirs);
      compared++;
    }
    expect(compared).toBeGreaterThan(400);
  });
});

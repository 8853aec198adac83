import { expect } from 'vitest';
import { encodePacket, PacketReader } from '../../replayer/gdb/packets.ts';
import { GdbStub } from '../../replayer/gdb/stub.ts';
import type { TinyDebuggee } from '../replay/tiny-debuggee.ts';

/** Packets as a gdb sends them, of which the fuzzer makes others. */
const SEEDS = [
  ...[
    '?',
    'g',
    'p0',
    'p8',
    'P0=44332211',
    'P8=10001000',
    'G00',
    'm100010,10',
    'm0,ffffffff',
    'M100010,2:ebfe',
    'X100010,2:ab',
  ],
  ...['Z0,100010,1', 'Z1,100010,1', 'Z2,200000,4', 'Z3,200000,4', 'Z4,0,1000', 'z0,100010,1', 'z2,200000,4'],
  ...[
    'Z0,100010,1;X7,2600223100001327',
    'c',
    's',
    'C05',
    'S05',
    'bc',
    'bs',
    'vCont?',
    'vCont;c',
    'vCont;s:1;c',
    'vCont;C05:1',
  ],
  ...[
    'qSupported:swbreak+;hwbreak+',
    'QStartNoAckMode',
    'qXfer:features:read:target.xml:0,fff',
    'qXfer:threads:read::0,ffffffff',
  ],
  ...[
    'qXfer:exec-file:read:1:0,ff',
    'qAttached',
    'qC',
    'qfThreadInfo',
    'qsThreadInfo',
    'qThreadExtraInfo,1',
    'qSymbol::',
  ],
  ...[
    'qqemu.PhyMemMode',
    'Qqemu.PhyMemMode:1',
    'Qqemu.PhyMemMode:0',
    'H-1',
    'Hg0',
    'T1',
    'vMustReplyEmpty',
    'vFile:open:1',
  ],
];
const COMMANDS = [
  ...[
    'when',
    'goto 1000',
    'goto 5000/3',
    'goto 1k',
    'goto finding 1',
    'goto',
    'info tlb',
    'info mem',
    'info apt',
    'info pmap 300',
  ],
  ...[
    'last-writer 200000',
    'last-writer phys 301e00',
    'findings',
    'recording',
    'phys on',
    'phys off',
    'help',
    'constructor',
  ],
  ...['bt', 'info gdt', 'info idt', 'info tss', '__proto__', 'info'],
];
const NUMBERS = [
  '0',
  '1',
  '-1',
  'ffffffff',
  '100000000',
  '7fffffff',
  '80000000',
  '100010',
  '200000',
  'fffff000',
  '',
  'x',
  '9'.repeat(40),
];
const BYTES = '0123456789abcdef,;:=#$}*+-\u0000\u0003\u00ff /_ZzmMXPpGqQvVcCsSbk';

/** One packet, a good one or one spoilt, drawn by `next` (u32). */
export function anyPacket(next: () => number): string {
  const pick = <Item>(items: ArrayLike<Item>): Item => items[next() % items.length];
  if (next() % 6 === 0) {
    const line = next() % 3 === 0 ? spoilt(pick(COMMANDS), next) : pick(COMMANDS);
    return `qRcmd,${Buffer.from(line, 'latin1').toString('hex')}`;
  }
  const packet = pick(SEEDS);
  switch (next() % 4) {
    case 0:
      return packet;
    case 1:
      return packet.replaceAll(/[0-9a-f]+/g, (number) => (next() % 2 ? pick(NUMBERS) : number));
    case 2:
      return spoilt(packet, next);
    default:
      return Array.from({ length: next() % 12 }, () => pick(BYTES)).join('');
  }
}

function spoilt(text: string, next: () => number): string {
  const at = next() % (text.length + 1);
  const length = next() % 4;
  const noise = Array.from({ length }, () => BYTES[next() % BYTES.length]).join('');
  switch (next() % 3) {
    case 0:
      return text.slice(0, at) + noise + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    default:
      return text.slice(0, at) + noise + text.slice(at + length);
  }
}

/** Runs without end are ended as by Ctrl-C. */
const PATIENCE_MS = 20;

/** Sends `count` packets to the stub, as they come out of their framing; none may throw, or be answered as a mistake of ours. */
export async function fuzzStub(
  { stub, monitor }: TinyDebuggee,
  count: number,
  next: () => number,
): Promise<void> {
  const reader = new PacketReader();
  expect([...reader.push(encodePacket('?'))]).toHaveLength(1);
  for (let n = 0; n < count; n++) {
    for (const event of reader.push(encodePacket(anyPacket(next)))) {
      if (event.kind !== 'packet') continue;
      const watch = setInterval(() => stub.interrupt(), PATIENCE_MS);
      const reply = await stub.handle(event.payload);
      clearInterval(watch);
      expect(reply === undefined || !reply.includes('internal'), event.payload).toBe(true);
      if (event.payload === 'k') stub.reset();
      expect(GdbStub.runs(event.payload) && reply === '', event.payload).toBe(false);
    }
    if (n % 500 === 0) {
      // What-if runs in what-if runs: no user goes on for ever.
      await monitor.run('recording');
      stub.reset();
    }
  }
}

import { describe, expect, it } from 'vitest';
import { RAM } from '../../recorder/machine/layout.ts';
import type { LadderHashes } from '../../recorder/machine/machine.ts';
import { hashBytes, hashHex, RamHash } from '../../recorder/machine/state/state-hash.ts';
import { EVENT_KIND_NAMES, type EventBatch } from '../../schemas/events.ts';
import { start, toyMachine } from './machine-fixture.ts';

/** All rows of all kinds as text, in order of seq. */
function recorder() {
  const rows: string[] = [];
  return {
    rows,
    flush({ tables }: EventBatch) {
      for (const kind of EVENT_KIND_NAMES) {
        const { count, columns } = tables[kind];
        for (let i = 0; i < count; i++) rows[columns[1][i]] = `${kind} ${columns.map((c) => c[i]).join(' ')}`;
      }
    },
  };
}

const text = (hashes: LadderHashes) =>
  JSON.stringify({
    ...hashes,
    cpu: hashHex(hashes.cpu),
    tlb: hashHex(hashes.tlb),
    ram: hashHex(hashes.ram),
  });

describe('the machine', () => {
  it('is the same run however often it is stopped and hashed', () => {
    const one = recorder();
    const straight = toyMachine(one).machine;
    start(straight);
    expect(straight.run(50_000)).toEqual({ kind: 'limit' });
    straight.log!.flush();
    const other = recorder();
    const broken = toyMachine(other).machine;
    start(broken);
    for (let at = 0; at < 50_000; at += 37) {
      broken.run(at);
      if (at % 5 === 0) broken.hashes();
    }
    broken.run(50_000);
    broken.log!.flush();
    expect(text(broken.hashes())).toBe(text(straight.hashes()));
    expect(other.rows.length).toBeGreaterThan(5_000);
    expect(other.rows).toEqual(one.rows);
  });

  it('hashes alike whatever is recorded', () => {
    const hashes = (['off', 'paging', 'stores'] as const).map((detail) => {
      const { machine } = toyMachine({ flush() {} }, { detail });
      start(machine);
      machine.run(30_000);
      return text(machine.hashes());
    });
    expect(new Set(hashes).size).toBe(1);
  });

  it('runs on from a snapshot as if it had never stopped', () => {
    const whole = recorder();
    const { machine } = toyMachine(whole);
    start(machine);
    machine.run(20_000);
    const snapshot = machine.snapshot();
    machine.run(40_000);
    machine.log!.flush();
    const rest = recorder();
    const resumed = toyMachine(rest);
    resumed.nondet.seek(20_000);
    resumed.machine.restore(snapshot);
    expect(resumed.machine.icount).toBe(20_000);
    resumed.machine.run(40_000);
    resumed.machine.log!.flush();
    expect(text(resumed.machine.hashes())).toBe(text(machine.hashes()));
    expect(rest.rows.slice(snapshot.seq)).toEqual(whole.rows.slice(snapshot.seq));
    expect(() => toyMachine(null, { ramBytes: 8 << 20 }).machine.restore(snapshot)).toThrow(/bytes/);
  });

  it('keeps the hash of RAM by changed frames as a hash of the whole would be', () => {
    const { machine } = toyMachine(null);
    start(machine);
    for (let at = 1000; at <= 30_000; at += 1000) {
      machine.run(at);
      const { ram } = machine.hashes();
      const frames = machine.mem.ramBytes >>> 12;
      const whole = new RamHash(machine.mem.i32, RAM, frames);
      expect(ram).toEqual(whole.update(Uint32Array.from({ length: frames }, (_, i) => i)));
    }
  });

  it('jumps over time spent halted, and says when nothing can end it', () => {
    const { machine } = toyMachine(null);
    start(machine);
    machine.mem.i32[16 + 9] = 1;
    expect(machine.run(400)).toEqual({ kind: 'limit' });
    expect(machine.icount).toBe(400);
    machine.run(1100);
    expect(machine.cpu.halted).toBe(false);
    machine.mem.i32[16 + 9] = 1;
    (machine.cpu as { interruptsEnabled: boolean }).interruptsEnabled = false;
    expect(machine.run(5000)).toEqual({ kind: 'stuck' });
  });
});

describe('the state hash', () => {
  it('changes with every single bit, with order and with length', () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i * 37) & 0xff);
    const seen = new Set([hashHex(hashBytes(bytes))]);
    for (let bit = 0; bit < 800; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      seen.add(hashHex(hashBytes(bytes)));
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
    seen.add(hashHex(hashBytes(Uint8Array.from([...bytes, 0]))));
    seen.add(hashHex(hashBytes(bytes.slice().reverse())));
    expect(seen.size).toBe(803);
  });

  it('spreads a change over both halves', () => {
    const bytes = new Uint8Array(4096);
    const before = hashBytes(bytes);
    let flipped = 0;
    for (let at = 0; at < 4096; at += 64) {
      bytes[at] ^= 0x80;
      const after = hashBytes(bytes);
      for (const x of [after.low ^ before.low, after.high ^ before.high]) {
        for (let bit = 0; bit < 32; bit++) flipped += (x >>> bit) & 1;
      }
      bytes[at] ^= 0x80;
    }
    expect(flipped / 64).toBeGreaterThan(20);
    expect(flipped / 64).toBeLessThan(44);
  });
});

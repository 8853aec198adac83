import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RecordingPlan } from '../../recorder/capture/recording.ts';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import type { LadderHashes } from '../../recorder/machine/machine.ts';
import type { Nondet } from '../../recorder/machine/nondet.ts';
import { hashHex } from '../../recorder/machine/state/state-hash.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { MemoryDisk } from '../../schemas/guest/disk-image.ts';
import { bootDisk, EXIT_CODE, MESSAGE } from '../replay/boot-sector.ts';
import {
  bootCdrom,
  bootFloppy,
  DISK_SECTORS,
  FLOPPY_SECTORS,
  firmware,
  memory,
  PLAN,
  said,
} from '../replay/seabios.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a boot sector, by SeaBIOS', () => {
  const hardDisk = () => memory(bootDisk(DISK_SECTORS));
  const cases: Record<string, Partial<RecordingPlan>> = {
    'a hard disk': { disk: hardDisk(), firmware: firmware('c') },
    'a CD': { drives: [bootCdrom()], firmware: firmware('d') },
    'a hard disk without PCI': { disk: hardDisk(), firmware: firmware('c', false) },
    'the CD among other drives': {
      disk: hardDisk(),
      drives: [
        bootFloppy(),
        bootCdrom(),
        { kind: 'disk', unit: 1, medium: memory(new Uint8Array(512 * DISK_SECTORS)) },
      ],
      firmware: firmware('dac'),
    },
  };
  for (const [name, plan] of Object.entries(cases)) {
    it(`from ${name}, is recorded and replayed`, async () => {
      const path = join(folder, `${name.replaceAll(' ', '-')}.r386`);
      const { exit } = await record({
        ...PLAN,
        ...{ build: buildMachine, instructions: 60e6, output: path },
        ...plan,
      });
      expect(exit).toEqual({ kind: 'exit', code: EXIT_CODE, message: '' });
      expect(said(path, 0)).toBe(MESSAGE);
      expect(said(path, 2)).toContain('Booting from 0000:7c00');
      const result = await replay({ path, build: buildMachine });
      expect(result.divergence).toBeUndefined();
      expect(result.reachedEnd).toBe(true);
    });
  }
});

const text = ({ cpu, tlb, ram, disk, devices }: LadderHashes) =>
  [
    ...Object.entries({ cpu, tlb, ram, ...devices }).map(([name, hash]) => `${name} ${hashHex(hash)}`),
    disk && hashHex(disk),
  ].join('\n');

/** An outside world without a memory, so that a restored machine meets it again. */
const drawnFromTime: Nondet = {
  draw: (_kind, now, low, high) => low + ((Math.imul(now, 0x9e3779b1) >>> 0) % (high - low + 1)),
  nextInputAt: () => Number.POSITIVE_INFINITY,
  takeInput: () => undefined,
};

describe('a machine with a BIOS', () => {
  const machine = () =>
    buildMachine(
      {
        ...{
          config: PLAN.config,
          profile: PLAN.profile,
          nondet: drawnFromTime,
          sink: null,
          firmware: firmware('acd'),
        },
        disk: new MemoryDisk(bootDisk(DISK_SECTORS)),
        drives: [{ kind: 'floppy', unit: 0, image: new MemoryDisk(bootDisk(FLOPPY_SECTORS)) }],
      },
      PLAN.boot,
    );

  it('is restored by a snapshot, in the middle of POST and after', () => {
    // Before and after the BIOS put RAM in the place of its ROM, and locked it.
    const straight = machine();
    const marks = [2_000, 1_000_000, 4_000_000, 12_000_000];
    const snapshots = marks.map((at) => {
      straight.run(at);
      return straight.snapshot();
    });
    const end = straight.run(60e6);
    const ending = text(straight.hashes());
    expect(end.kind).toBe('exit');
    for (const snapshot of [...snapshots].reverse()) {
      straight.restore(snapshot);
      expect(straight.icount).toBe(snapshot.icount);
      expect(straight.run(60e6)).toEqual(end);
      expect(text(straight.hashes())).toBe(ending);
    }
    const fresh = machine();
    fresh.restore(snapshots[2]);
    fresh.run(60e6);
    expect(text(fresh.hashes())).toBe(ending);
    const again = machine();
    for (const at of [500, 3_000_000, 9_999_999]) again.run(at);
    expect(again.run(60e6)).toEqual(end);
    expect(text(again.hashes())).toBe(ending);
  });
});

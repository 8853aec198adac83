import type { FindingFacts, Instruction, Place, SliceTrack } from './page-data.ts';

/** Tracks of the code that was executed around findings: functions, and each instruction. */

const functionOf = (name: string): string => name.replace(/\+0x[0-9a-f]+$/, '');

const AROUND = 'recorded around the worst findings; F goes to the next finding';

/** None where no run was executed again. */
export function codeTracks(findings: readonly FindingFacts[], places: readonly Place[]): SliceTrack[] {
  const seen = new Map<number, Instruction>();
  for (const { instructions } of findings) for (const one of instructions) seen.set(one.at, one);
  const all = [...seen.values()].sort((a, b) => a.at - b.at);
  if (all.length === 0) return [];
  const nameOf = ({ code }: Instruction) => functionOf(places[code].name);
  return [
    {
      kind: 'slices',
      name: 'functions around findings',
      doc: 'code executed, base code above and handlers below',
      slices: runs(all, (one) => `${nameOf(one)} ${one.depth > 0}`).map(([first, to]) => ({
        from: first.at,
        to,
        label: nameOf(first),
        code: first.code,
        stack: first.stack,
        ...lane(first),
      })),
      left: 0,
      missing: AROUND,
    },
    {
      kind: 'slices',
      name: 'instructions',
      doc: 'each instruction executed around findings',
      slices: all.map((one) => ({
        from: one.at,
        to: one.at + 1,
        label: one.text,
        code: one.code,
        stack: one.stack,
        ...lane(one),
      })),
      left: 0,
      missing: AROUND,
    },
  ];
}

const lane = ({ depth }: Instruction): { lane?: number } => (depth > 0 ? { lane: 1 } : {});

/** Stretches of neighbours with one key: the first of each, and the icount at which it ends. */
function runs(all: readonly Instruction[], keyOf: (one: Instruction) => string): [Instruction, number][] {
  const found: [Instruction, number][] = [];
  for (const [n, one] of all.entries()) {
    const before = all[n - 1];
    if (before && before.at === one.at - 1 && keyOf(before) === keyOf(one))
      found[found.length - 1][1] = one.at + 1;
    else found.push([one, one.at + 1]);
  }
  return found;
}

import type { BlockCache } from '../blocks/block-cache.ts';
import { COMPILED, HEAT, MODE, WORDS } from '../blocks/micro-ops.ts';
import { type Collected, collect } from './graph.ts';
import type { Kind, Region, Regions } from './regions.ts';

/** Selects the blocks that are compiled together. */

/** Blocks that have been interpreted less than this share of the threshold are not compiled along with a hot one. */
const WARM_PART = 8;
/** Maximum instructions and entries of a region. */
const MAX_INSTRUCTIONS = 400;
export const MAX_ENTRIES = 32;

/** Blocks that are to be compiled as one, and the regions that they are in now. */
export interface Plan extends Collected {
  readonly taken: ReadonlySet<Region>;
  readonly generation: number;
}

/** Selects the blocks of a region. */
export class Planner {
  private readonly blocks: BlockCache;
  private readonly regions: Regions;

  constructor(blocks: BlockCache, regions: Regions) {
    this.blocks = blocks;
    this.regions = regions;
  }

  /** The plan for a block at `offset` that is hot; `heat` is the number of executions that makes one so. */
  plan(kind: Kind, offset: number, heat: number): Plan {
    const owner = this.regions.ownerOf(this.blocks.blockAt(kind.frame, offset));
    return owner ? this.oneMoreEntry(kind, offset, owner, heat) : this.more(kind, offset, heat);
  }

  /** Again what is a region, which is entered at another place now; and at those that are on the way to be so. */
  private oneMoreEntry(kind: Kind, offset: number, owner: Region, heat: number): Plan {
    const { code } = this.blocks;
    const often = owner.blocks.flatMap((p, n) =>
      code[p - WORDS + COMPILED] === 0 && code[p - WORDS + HEAT] * 2 < owner.heat ? [owner.offsets[n]] : [],
    );
    const taken = new Set([owner]);
    const asked = [...new Set([offset, ...owner.entries, ...often])].slice(0, MAX_ENTRIES);
    const collected = collect(
      this.page(kind, asked, taken, heat, () => {}),
      asked,
      MAX_INSTRUCTIONS * 2,
      MAX_ENTRIES,
    );
    return { ...collected, taken, generation: owner.generation + 1 };
  }

  /**
   * The warm blocks that it leads to, as far as they are in no region. Regions that they lead to are taken up once as many
   * instructions have come to them as half of theirs, so that nothing is compiled more often than the logarithm of its size.
   */
  private more(kind: Kind, offset: number, heat: number): Plan {
    const met = new Set<Region>();
    const none = new Set<Region>();
    const alone = collect(
      this.page(kind, [offset], none, heat, (region) => met.add(region)),
      [offset],
      MAX_INSTRUCTIONS,
      MAX_ENTRIES,
    );
    let instructions = instructionsOf(alone);
    const own = instructions;
    const taken = new Set<Region>();
    for (const region of met) {
      region.waiting += own;
      if (region.waiting * 2 < region.instructions || instructions + region.instructions > MAX_INSTRUCTIONS)
        continue;
      taken.add(region);
      instructions += region.instructions;
    }
    if (taken.size === 0) return { ...alone, taken, generation: 0 };
    const asked = [offset, ...[...taken].flatMap(({ entries }) => entries)].slice(0, MAX_ENTRIES);
    const page = this.page(kind, asked, taken, heat, () => {});
    return { ...collect(page, asked, MAX_INSTRUCTIONS * 2, MAX_ENTRIES), taken, generation: 0 };
  }

  /** The blocks of a page that may be in the region: those asked for, warm ones, and those of the regions `taken`. */
  private page(
    { frame, mode, user }: Kind,
    asked: readonly number[],
    taken: ReadonlySet<Region>,
    heat: number,
    meet: (region: Region) => void,
  ) {
    const { blocks, regions } = this;
    const { code } = blocks;
    const cool = heat - Math.floor((heat + 1) / WARM_PART);
    const blockAt = (offset: number): number => {
      const p = blocks.blockAt(frame, offset);
      if (p === 0 || code[p - WORDS + MODE] !== mode) return 0;
      const owner = regions.ownerOf(p);
      if (owner === undefined) return asked.includes(offset) || code[p - WORDS + HEAT] <= cool ? p : 0;
      if (taken.has(owner)) return p;
      if (owner.user === user) meet(owner);
      return 0;
    };
    return { code, blockAt };
  }
}

export const instructionsOf = ({ graph }: Collected): number =>
  [...graph.values()].reduce((sum, { count }) => sum + count, 0);

import { describe, expect, it } from 'vitest';
import { type Image, PageStore } from '../../recorder/machine/state/page-store.ts';

const PAGE_WORDS = 1024;
const PAGES = 10;

/** xorshift32. */
function draws(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** Memory whose pages lie in no order, with a word before the first that no page has. */
function stored() {
  const words = new Int32Array(1 + PAGES * PAGE_WORDS);
  const places = Uint32Array.from({ length: PAGES }, (_, page) => 1 + ((page * 7) % PAGES) * PAGE_WORDS);
  return { words, places, store: new PageStore(words, places) };
}

describe('the store of pages', () => {
  it('restores every state that is kept, in any order, and names the pages that changed', () => {
    const { words, places, store } = stored();
    const draw = draws(0x2545f491);
    const kept: { image: Image; words: Int32Array }[] = [];
    const empty = store.bytes;
    for (let round = 0; round < 200; round++) {
      for (let n = draw(6); n > 0; n--) {
        const page = draw(PAGES);
        const whole = draw(4) === 0;
        for (let k = whole ? PAGE_WORDS : draw(3); k > 0; k--)
          words[places[page] + (whole ? k - 1 : draw(PAGE_WORDS))] = draw(3) === 0 ? 0 : draw(1000) - 500;
        store.touch(page);
      }
      const what = draw(3);
      if (what === 0 || kept.length === 0) kept.push({ image: store.save(), words: words.slice() });
      else if (what === 1) {
        const { image, words: wanted } = kept[draw(kept.length)];
        const before = words.slice();
        const named: number[] = [];
        store.restore(image, (page) => named.push(page));
        expect(words.findIndex((word, at) => word !== wanted[at])).toBe(-1);
        for (let page = 0; page < PAGES; page++) {
          const own = before.subarray(places[page], places[page] + PAGE_WORDS);
          const changes = own.some((word, i) => word !== wanted[places[page] + i]);
          if (changes) expect(named).toContain(page);
        }
      } else if (kept.length > 8) store.release(kept.splice(draw(kept.length), 1)[0].image);
    }
    expect(kept.length).toBeGreaterThan(8);
    const all = store.bytes;
    for (const { image } of kept) store.release(image);
    expect(store.bytes).toBeLessThan(all);
    // What remains is the state that memory has.
    expect(store.bytes - empty).toBeLessThanOrEqual(PAGES * (PAGE_WORDS * 4 + 64));
  });

  it('keeps only the blocks that changed, and uses those again that were given back', () => {
    const { words, places, store } = stored();
    words.fill(7, 1);
    store.release(store.save());
    const before = store.bytes;
    const images: Image[] = [];
    const change = (page: number) => {
      words[places[page] + 100]++;
      store.touch(page);
      images.push(store.save());
    };
    for (let n = 0; n < 10; n++) change(3);
    // Nine versions more than memory has: a block, and the names of its blocks; and the images.
    expect(store.bytes - before).toBe(9 * (256 + 64) + 10 * PAGES * 4);
    for (const image of images.splice(0)) store.release(image);
    expect(store.bytes).toBe(before);
    const { restore } = store;
    const image = store.save();
    store.release(image);
    expect(() => restore.call(store, image, () => {})).toThrow(/given back/);
  });
});

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';

/** The disk tools are plain JavaScript, so that `make` can run them before anything is built. */
interface Inode {
  mode: number;
  size: number;
  indirect: number;
}
interface Filesystem {
  superblock: Record<string, number>;
  walk(): Iterable<{ path: string; inode: Inode }>;
  lookup(path: string): Inode | undefined;
  content(inode: Inode): Buffer;
}
interface Fsck {
  Filesystem: new (image: Buffer) => Filesystem;
  check(image: Buffer): string[];
}
type Tree = Map<string, Tree | Buffer>;
interface Mkfs {
  buildImage(tree: Tree, nblocks?: number, ninodes?: number): Buffer;
  withFile(image: Buffer, directory: string, name: string, content: Buffer): Buffer;
  guestTree(programs: Record<string, Buffer>): Tree;
}
interface R3fs {
  BLOCK: number;
  PUB_FILES: number;
  pubContent(id: number): Buffer;
  pubName(id: number): string;
  patternWord(id: number, gen: number, offset: number): number;
}

const guest = new URL('../../recorder/guest/', import.meta.url);
const load = async (name: string): Promise<unknown> => import(new URL(name, guest).href);
const { Filesystem, check } = (await load('fsck.mjs')) as Fsck;
const { buildImage, guestTree, withFile } = (await load('mkfs.mjs')) as Mkfs;
const { BLOCK, PUB_FILES, patternWord, pubContent, pubName } = (await load('r3fs.mjs')) as R3fs;

const committed = gunzipSync(readFileSync(new URL('images/disk.img.gz', guest)));

function programsOf(image: Buffer): Record<string, Buffer> {
  const fs = new Filesystem(image);
  const programs: Record<string, Buffer> = {};
  for (const { path, inode } of fs.walk()) {
    const name = /^\/s?bin\/(.+)$/.exec(path)?.[1];
    if (name !== undefined) programs[name] = Buffer.from(fs.content(inode));
  }
  return programs;
}

describe('the committed disk image', () => {
  const fs = new Filesystem(committed);

  it('is consistent', () => {
    expect(check(committed)).toEqual([]);
    expect(committed.length).toBe(fs.superblock.nblocks * BLOCK);
  });

  it('is what mkfs makes of its own programs, byte for byte', () => {
    const again = buildImage(guestTree(programsOf(committed)));
    expect(again.equals(committed)).toBe(true);
  });

  it('holds each file of /pub by the formula', () => {
    for (let id = 1; id <= PUB_FILES; id++) {
      const inode = fs.lookup(`/pub/${pubName(id)}`);
      expect(inode, pubName(id)).toBeDefined();
      expect(fs.content(inode!).equals(pubContent(id)), pubName(id)).toBe(true);
    }
  });

  it('holds static i386 programs linked at 0x1000, text and data on pages of their own', () => {
    const programs = programsOf(committed);
    expect(Object.keys(programs).sort()).toEqual(['forkstorm', 'ftpd', 'init', 'pageio', 'selftest']);
    for (const [name, elf] of Object.entries(programs)) {
      expect(elf.readUInt32BE(0), name).toBe(0x7f454c46);
      expect([elf.readUInt16LE(16), elf.readUInt16LE(18)], name).toEqual([2, 3]); // ET_EXEC, EM_386
      expect(elf.readUInt32LE(24), name).toBe(0x1000);
      const segments = Array.from({ length: elf.readUInt16LE(44) }, (_, i) => {
        const at = elf.readUInt32LE(28) + i * 32;
        return {
          type: elf.readUInt32LE(at),
          vaddr: elf.readUInt32LE(at + 8),
          flags: elf.readUInt32LE(at + 24),
        };
      });
      expect(segments.map(({ type, flags }) => [type, flags])).toEqual([
        [1, 5],
        [1, 6],
      ]);
      for (const { vaddr } of segments) expect(vaddr % 4096, name).toBe(0);
    }
  });
});

describe.each([
  ['bsd96-disk-2', 'archive'],
  ['bsd96-disk-3', 'squeeze'],
])('the disk %s', (disk, program) => {
  const later = Buffer.from(builtinDisk(disk));

  it('is consistent, and has what the first has and one program more', () => {
    expect(check(later)).toEqual([]);
    const { [program]: added, ...programs } = programsOf(later);
    expect(programs).toEqual(programsOf(committed));
    expect(added.readUInt32BE(0)).toBe(0x7f454c46);
    expect(withFile(committed, 'bin', program, added).equals(later)).toBe(true);
  });
});

describe('a disk', () => {
  it('cannot hold everything', () => {
    expect(() => withFile(committed, 'bin', 'big', Buffer.alloc(13 * BLOCK))).toThrow('are too many');
    expect(() => withFile(committed, 'nowhere', 'x', Buffer.alloc(1))).toThrow('no nowhere in directory 1');
  });
});

describe('mkfs', () => {
  const long = Buffer.alloc(14 * BLOCK + 12, 0x5a);
  const tree = (): Tree =>
    new Map<string, Tree | Buffer>([
      ['empty', Buffer.alloc(0)],
      ['dir', new Map<string, Tree | Buffer>([['long', long]])],
    ]);

  it('reads back through direct and indirect blocks', () => {
    const fs = new Filesystem(buildImage(tree(), 64, 64));
    expect([...fs.walk()].map(({ path }) => path)).toEqual(['/', '/empty', '/dir', '/dir/long']);
    expect(fs.content(fs.lookup('/dir/long')!).equals(long)).toBe(true);
    expect(fs.lookup('/dir/long')!.indirect).not.toBe(0);
    expect(fs.content(fs.lookup('/empty')!).length).toBe(0);
  });

  it('refuses what does not fit', () => {
    expect(() => buildImage(tree(), 16, 64)).toThrow('image full: 16 blocks');
    expect(() => buildImage(tree(), 64, 3)).toThrow('image full: 3 inodes');
  });
});

describe('fsck', () => {
  it('names the file and the true owner of a misplaced word', () => {
    const image = Buffer.from(committed);
    const at = image.indexOf(pubContent(5).subarray(4096, 8192));
    image.writeUInt32LE(patternWord(7, 3, 512), at);
    expect(check(image)).toEqual(['/pub/f05.dat: offset 4096 holds file 7 generation 3 offset 512']);
  });

  it('finds a lost and a doubly used block', () => {
    const image = buildImage(
      new Map([
        ['a', Buffer.alloc(BLOCK)],
        ['b', Buffer.alloc(BLOCK)],
      ]),
      64,
      64,
    );
    const inodes = 3 * BLOCK;
    image.writeUInt32LE(image.readUInt32LE(inodes + 2 * 128 + 8), inodes + 3 * 128 + 8);
    const faults = check(image).join('\n');
    expect(faults).toMatch(/\/b: block \d+ is also \/a's/);
    expect(faults).toMatch(/marked used, nobody's/);
  });
});

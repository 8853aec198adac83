// R3FS, the file system of the built-in guest's disk: its layout in numbers, and
// the rule by which /pub is filled. The kernel's fs.h and the userland's pattern.h
// say the same in C. All integers are little endian.

export const BLOCK = 8192;
export const MAGIC = 0x53463352; // "R3FS"
export const SUPERBLOCK = 1; // block number; block 0 is never used, so 0 means "no block"
export const SUPERBLOCK_FIELDS = [
  'magic',
  'nblocks',
  'ninodes',
  'bitmapStart',
  'bitmapBlocks',
  'inodeStart',
  'inodeBlocks',
  'dataStart',
];

export const INODE_SIZE = 128;
export const INODES_PER_BLOCK = BLOCK / INODE_SIZE;
export const INODE_MODE = 0; // u16
export const INODE_NLINK = 2; // u16
export const INODE_FILE_SIZE = 4; // u32
export const INODE_DIRECT = 8; // u32[NDIRECT]
export const NDIRECT = 12;
export const INODE_INDIRECT = INODE_DIRECT + NDIRECT * 4;
export const POINTERS_PER_BLOCK = BLOCK / 4;
export const ROOT_INODE = 1;

export const MODE_FREE = 0;
export const MODE_FILE = 1;
export const MODE_DIR = 2;

export const DIRENT_SIZE = 32;
export const NAME_MAX = 27; // 28 bytes with the closing NUL

export const PUB_FILES = 24;

/** Name of a file of /pub; ids start at 1. */
export function pubName(id) {
  return `f${String(id).padStart(2, '0')}.dat`;
}

/**
 * Size of a file of /pub: 24 KB to 217 KB, so that some need the indirect block,
 * and two in three do not end on a page boundary.
 */
export function pubSize(id) {
  return (3 + ((id * 7 + 4) % 25)) * BLOCK + (id % 3) * 1028;
}

/** The word at a byte offset of a patterned file: id, generation, word index. */
export function patternWord(id, gen, offset) {
  return ((id << 24) | ((gen & 15) << 20) | (offset >>> 2)) >>> 0;
}

/** The content of a file of /pub. */
export function pubContent(id) {
  const content = Buffer.alloc(pubSize(id));
  for (let offset = 0; offset < content.length; offset += 4) {
    content.writeUInt32LE(patternWord(id, 0, offset), offset);
  }
  return content;
}

// Reads a disk image of the built-in guest and checks it: node fsck.mjs IMAGE[.gz]
//
// Written from the layout, not from mkfs.mjs, so that the two check each other; serves
// for the image of a finished run as well. Exit status 1 and one line per fault.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import * as r3fs from './r3fs.mjs';

/** Plain or compressed, by its first bytes. */
export function loadImage(path) {
  const bytes = readFileSync(path);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
}

export class Filesystem {
  constructor(image) {
    this.image = image;
    this.superblock = {};
    r3fs.SUPERBLOCK_FIELDS.forEach((field, i) => {
      this.superblock[field] = image.readUInt32LE(r3fs.SUPERBLOCK * r3fs.BLOCK + i * 4);
    });
    if (this.superblock.magic !== r3fs.MAGIC) throw new Error('not an R3FS image');
  }

  inode(ino) {
    const at = this.superblock.inodeStart * r3fs.BLOCK + ino * r3fs.INODE_SIZE;
    const pointer = (i) => this.image.readUInt32LE(at + r3fs.INODE_DIRECT + i * 4);
    return {
      ino,
      mode: this.image.readUInt16LE(at + r3fs.INODE_MODE),
      nlink: this.image.readUInt16LE(at + r3fs.INODE_NLINK),
      size: this.image.readUInt32LE(at + r3fs.INODE_FILE_SIZE),
      direct: Array.from({ length: r3fs.NDIRECT }, (_, i) => pointer(i)),
      indirect: this.image.readUInt32LE(at + r3fs.INODE_INDIRECT),
    };
  }

  block(number) {
    return this.image.subarray(number * r3fs.BLOCK, (number + 1) * r3fs.BLOCK);
  }

  used(number) {
    const byte = this.superblock.bitmapStart * r3fs.BLOCK + (number >> 3);
    return ((this.image[byte] >> (number & 7)) & 1) === 1;
  }

  /** Block numbers of a file's content, 0 for a hole. */
  blocks(inode) {
    const count = Math.ceil(inode.size / r3fs.BLOCK);
    return Array.from({ length: count }, (_, i) => {
      if (i < r3fs.NDIRECT) return inode.direct[i];
      if (inode.indirect === 0) return 0;
      return this.block(inode.indirect).readUInt32LE((i - r3fs.NDIRECT) * 4);
    });
  }

  content(inode) {
    const hole = Buffer.alloc(r3fs.BLOCK);
    const parts = this.blocks(inode).map((b) => (b === 0 ? hole : this.block(b)));
    return Buffer.concat(parts).subarray(0, inode.size);
  }

  entries(inode) {
    const content = this.content(inode);
    const found = [];
    for (let at = 0; at + r3fs.DIRENT_SIZE <= content.length; at += r3fs.DIRENT_SIZE) {
      const ino = content.readUInt32LE(at);
      const name = content.toString('latin1', at + 4, at + r3fs.DIRENT_SIZE).replace(/\0.*$/s, '');
      if (ino !== 0) found.push({ ino, name });
    }
    return found;
  }

  /** Every path below the root with its inode, in directory order. */
  *walk(ino = r3fs.ROOT_INODE, path = '/') {
    const inode = this.inode(ino);
    yield { path, inode };
    if (inode.mode !== r3fs.MODE_DIR) return;
    for (const entry of this.entries(inode)) {
      if (entry.name === '.' || entry.name === '..') continue;
      yield* this.walk(entry.ino, path === '/' ? `/${entry.name}` : `${path}/${entry.name}`);
    }
  }

  lookup(path) {
    for (const found of this.walk()) if (found.path === path) return found.inode;
    return undefined;
  }
}

/** The faults of an image, one line each; none when it is good. */
export function check(image) {
  const fs = new Filesystem(image);
  const { nblocks, ninodes, dataStart } = fs.superblock;
  const faults = [];
  const owner = new Map();
  const links = new Map();

  function claim(block, path) {
    if (block < dataStart || block >= nblocks) faults.push(`${path}: block ${block} out of range`);
    else if (owner.has(block)) faults.push(`${path}: block ${block} is also ${owner.get(block)}'s`);
    else owner.set(block, path);
  }

  for (const { path, inode } of fs.walk()) {
    links.set(inode.ino, (links.get(inode.ino) ?? 0) + 1);
    if (inode.mode === r3fs.MODE_FREE) faults.push(`${path}: names a free inode ${inode.ino}`);
    if (links.get(inode.ino) > 1) continue;
    for (const block of fs.blocks(inode)) if (block !== 0) claim(block, path);
    if (inode.indirect !== 0) claim(inode.indirect, path);
    if (path.startsWith('/pub/')) faults.push(...checkPattern(path, fs.content(inode)));
  }

  for (let block = 0; block < nblocks; block++) {
    const wanted = block < dataStart || owner.has(block);
    if (fs.used(block) && !wanted) faults.push(`block ${block}: marked used, nobody's`);
    if (!fs.used(block) && wanted) faults.push(`block ${block}: in use, marked free`);
  }
  for (let ino = r3fs.ROOT_INODE; ino < ninodes; ino++) {
    const { mode, nlink } = fs.inode(ino);
    if (mode !== r3fs.MODE_FREE && !links.has(ino)) faults.push(`inode ${ino}: no name`);
    if (mode === r3fs.MODE_FILE && links.has(ino) && nlink !== links.get(ino)) {
      faults.push(`inode ${ino}: nlink ${nlink}, ${links.get(ino)} names`);
    }
  }
  return faults;
}

/** The first wrong word of a file of /pub, and whose word it is. */
function checkPattern(path, content) {
  const id = Number(/f(\d+)\.dat$/.exec(path)?.[1] ?? 0);
  if (content.length !== r3fs.pubSize(id)) return [`${path}: size ${content.length}`];
  for (let offset = 0; offset < content.length; offset += 4) {
    const got = content.readUInt32LE(offset);
    if (got !== r3fs.patternWord(id, 0, offset)) {
      const whose = `file ${got >>> 24} generation ${(got >>> 20) & 15} offset ${(got & 0xfffff) * 4}`;
      return [`${path}: offset ${offset} holds ${whose}`];
    }
  }
  return [];
}

function main([path]) {
  if (path === undefined) {
    process.stderr.write('usage: node fsck.mjs IMAGE[.gz]\n');
    return 2;
  }
  const image = loadImage(path);
  const faults = check(image);
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  const files = [...new Filesystem(image).walk()].length;
  process.stdout.write(`${path}: ${files} files and directories, ${faults.length} faults\n`);
  return faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));

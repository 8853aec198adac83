// Builds a disk image of the built-in guest: node mkfs.mjs PROGRAM_DIR IMAGE.gz [LATER.gz PROGRAM]
//
// Released traces name an image, which therefore stays as it is. LATER has the blocks in which an image with a program that came
// afterwards differs from the first: the program is put where there was room.
//
// The image depends on nothing but the programs: no dates, no host order. Blocks are
// handed out in the order of the tree below, so each file is contiguous but for its
// indirect block, and read-ahead has something to read ahead.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as r3fs from './r3fs.mjs';

const NBLOCKS = 1024; // 8 MB
const NINODES = 128;

const PROGRAMS = ['forkstorm', 'ftpd', 'pageio', 'selftest'];

/** The tree the guest finds: a Map is a directory, a Buffer a file. */
export function guestTree(programs) {
  const pub = new Map();
  for (let id = 1; id <= r3fs.PUB_FILES; id++) pub.set(r3fs.pubName(id), r3fs.pubContent(id));
  return new Map([
    ['sbin', new Map([['init', programs.init]])],
    ['bin', new Map(PROGRAMS.map((name) => [name, programs[name]]))],
    ['pub', pub],
    ['incoming', new Map()],
    // The scoreboard of ftpd exists beforehand, with its block, so that it can be mapped.
    ['var', new Map([['score', Buffer.alloc(r3fs.BLOCK)]])],
  ]);
}

/** Lays a tree out as an image. */
export function buildImage(tree, nblocks = NBLOCKS, ninodes = NINODES) {
  const image = Buffer.alloc(nblocks * r3fs.BLOCK);
  const bitmapBlocks = Math.ceil(nblocks / 8 / r3fs.BLOCK);
  const inodeBlocks = Math.ceil(ninodes / r3fs.INODES_PER_BLOCK);
  const bitmapStart = r3fs.SUPERBLOCK + 1;
  const inodeStart = bitmapStart + bitmapBlocks;
  const dataStart = inodeStart + inodeBlocks;
  const geometry = {
    magic: r3fs.MAGIC,
    nblocks,
    ninodes,
    bitmapStart,
    bitmapBlocks,
    inodeStart,
    inodeBlocks,
    dataStart,
  };
  r3fs.SUPERBLOCK_FIELDS.forEach((field, i) => {
    image.writeUInt32LE(geometry[field], r3fs.SUPERBLOCK * r3fs.BLOCK + i * 4);
  });

  let nextBlock = 0;
  let nextInode = r3fs.ROOT_INODE;

  function allocateBlock() {
    if (nextBlock === nblocks) throw new Error(`image full: ${nblocks} blocks`);
    const block = nextBlock++;
    image[bitmapStart * r3fs.BLOCK + (block >> 3)] |= 1 << (block & 7);
    return block;
  }

  function allocateInode() {
    if (nextInode === ninodes) throw new Error(`image full: ${ninodes} inodes`);
    return nextInode++;
  }

  function writeInode(ino, mode, nlink, content) {
    const at = inodeStart * r3fs.BLOCK + ino * r3fs.INODE_SIZE;
    image.writeUInt16LE(mode, at + r3fs.INODE_MODE);
    image.writeUInt16LE(nlink, at + r3fs.INODE_NLINK);
    image.writeUInt32LE(content.length, at + r3fs.INODE_FILE_SIZE);
    const count = Math.ceil(content.length / r3fs.BLOCK);
    if (count > r3fs.NDIRECT + r3fs.POINTERS_PER_BLOCK) {
      throw new Error(`inode ${ino}: ${content.length} bytes are too many`);
    }
    let indirect = 0;
    for (let i = 0; i < count; i++) {
      if (i === r3fs.NDIRECT) {
        indirect = allocateBlock();
        image.writeUInt32LE(indirect, at + r3fs.INODE_INDIRECT);
      }
      const block = allocateBlock();
      content.copy(image, block * r3fs.BLOCK, i * r3fs.BLOCK, (i + 1) * r3fs.BLOCK);
      const pointer =
        i < r3fs.NDIRECT ? at + r3fs.INODE_DIRECT + i * 4 : indirect * r3fs.BLOCK + (i - r3fs.NDIRECT) * 4;
      image.writeUInt32LE(block, pointer);
    }
  }

  function writeDirectory(ino, parent, entries) {
    const children = [...entries].map(([name, node]) => ({ name, node, ino: allocateInode() }));
    const subdirectories = children.filter((child) => child.node instanceof Map).length;
    const names = [{ name: '.', ino }, { name: '..', ino: parent }, ...children];
    writeInode(ino, r3fs.MODE_DIR, 2 + subdirectories, encodeDirectory(names));
    for (const child of children) {
      if (child.node instanceof Map) writeDirectory(child.ino, ino, child.node);
      else writeInode(child.ino, r3fs.MODE_FILE, 1, child.node);
    }
  }

  while (nextBlock < dataStart) allocateBlock();
  writeDirectory(allocateInode(), r3fs.ROOT_INODE, tree);
  return image;
}

/** A copy of an image with one more file, in free blocks, in a directory of one block. */
export function withFile(image, directory, name, content) {
  const copy = Buffer.from(image);
  const field = (name) =>
    copy.readUInt32LE(r3fs.SUPERBLOCK * r3fs.BLOCK + r3fs.SUPERBLOCK_FIELDS.indexOf(name) * 4);
  const inodeAt = (ino) => field('inodeStart') * r3fs.BLOCK + ino * r3fs.INODE_SIZE;
  const bitmap = field('bitmapStart') * r3fs.BLOCK;
  const allocateBlock = () => {
    for (let block = field('dataStart'); block < field('nblocks'); block++) {
      const bit = 1 << (block & 7);
      if (copy[bitmap + (block >> 3)] & bit) continue;
      copy[bitmap + (block >> 3)] |= bit;
      return block;
    }
    throw new Error('image full');
  };
  const entriesOf = (ino) => copy.readUInt32LE(inodeAt(ino) + r3fs.INODE_DIRECT) * r3fs.BLOCK;
  const find = (ino, wanted) => {
    const size = copy.readUInt32LE(inodeAt(ino) + r3fs.INODE_FILE_SIZE);
    for (let at = entriesOf(ino); at < entriesOf(ino) + size; at += r3fs.DIRENT_SIZE) {
      const end = copy.indexOf(0, at + 4);
      const found = copy.readUInt32LE(at);
      if (found !== 0 ? copy.toString('latin1', at + 4, end) === wanted : wanted === undefined) return at;
    }
    throw new Error(`no ${wanted ?? 'room'} in directory ${ino}`);
  };
  const parent = copy.readUInt32LE(find(r3fs.ROOT_INODE, directory));
  let ino = r3fs.ROOT_INODE;
  while (copy.readUInt16LE(inodeAt(ino) + r3fs.INODE_MODE) !== r3fs.MODE_FREE) ino++;
  const entry = find(parent, undefined);
  copy.writeUInt32LE(ino, entry);
  copy.write(`${name}\0`, entry + 4, 'latin1');
  const at = inodeAt(ino);
  const blocks = Math.ceil(content.length / r3fs.BLOCK);
  if (blocks > r3fs.NDIRECT) throw new Error(`${name}: ${content.length} bytes are too many`);
  copy.writeUInt16LE(r3fs.MODE_FILE, at + r3fs.INODE_MODE);
  copy.writeUInt16LE(1, at + r3fs.INODE_NLINK);
  copy.writeUInt32LE(content.length, at + r3fs.INODE_FILE_SIZE);
  for (let i = 0; i < blocks; i++) {
    const block = allocateBlock();
    content.copy(copy, block * r3fs.BLOCK, i * r3fs.BLOCK, (i + 1) * r3fs.BLOCK);
    copy.writeUInt32LE(block, at + r3fs.INODE_DIRECT + i * 4);
  }
  return copy;
}

/** The blocks of an image that another does not have: of each its number (u32) and contents. */
export function blocksThatDiffer(image, from) {
  const parts = [];
  for (let block = 0; block * r3fs.BLOCK < image.length; block++) {
    const bytes = image.subarray(block * r3fs.BLOCK, (block + 1) * r3fs.BLOCK);
    if (bytes.equals(from.subarray(block * r3fs.BLOCK, (block + 1) * r3fs.BLOCK))) continue;
    const number = Buffer.alloc(4);
    number.writeUInt32LE(block);
    parts.push(number, bytes);
  }
  return Buffer.concat(parts);
}

/** Directories are whole blocks: the kernel reuses free entries before it grows one. */
function encodeDirectory(names) {
  const bytes = names.length * r3fs.DIRENT_SIZE;
  const content = Buffer.alloc(Math.ceil(bytes / r3fs.BLOCK) * r3fs.BLOCK);
  names.forEach(({ name, ino }, i) => {
    if (Buffer.byteLength(name) > r3fs.NAME_MAX) throw new Error(`name too long: ${name}`);
    content.writeUInt32LE(ino, i * r3fs.DIRENT_SIZE);
    content.write(name, i * r3fs.DIRENT_SIZE + 4, 'latin1');
  });
  return content;
}

/**
 * Compresses the image, unless the file holds this very image already: zlib versions
 * differ in their output, and a new one is no reason to commit a megabyte again.
 */
function store(path, image) {
  if (existsSync(path) && gunzipSync(readFileSync(path)).equals(image)) return 'unchanged';
  writeFileSync(path, gzipSync(image, { level: 9 }));
  return 'written';
}

function main([programDir, path, laterPath, program]) {
  if (programDir === undefined || path === undefined) {
    process.stderr.write('usage: node mkfs.mjs PROGRAM_DIR IMAGE.gz [LATER.gz PROGRAM]\n');
    return 2;
  }
  const read = (names) =>
    Object.fromEntries(names.map((name) => [name, readFileSync(join(programDir, name))]));
  const image = buildImage(guestTree(read(['init', ...PROGRAMS])));
  process.stdout.write(`${path}: ${image.length} bytes, ${store(path, image)}\n`);
  if (laterPath === undefined) return 0;
  const later = withFile(image, 'bin', program, read([program])[program]);
  const blocks = blocksThatDiffer(later, image);
  process.stdout.write(`${laterPath}: ${blocks.length} bytes, ${store(laterPath, blocks)}\n`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));

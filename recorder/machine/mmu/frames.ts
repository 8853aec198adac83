import type { Frame } from '../../../schemas/units.ts';
import { FRAME_STATE, type MachineMemory } from '../layout.ts';

/** Facts about physical page frames: roles as paging structures, decoded code, changes. */

/** Roles in which the walker has used a frame. A frame with any is *tracked*: every write to it is recorded. */
export const ROLE_DIRECTORY = 1;
export const ROLE_TABLE = 2;
export const ROLES = ROLE_DIRECTORY | ROLE_TABLE;

/** DERIVED: the frame is known to have changed since the last state hash. */
export const CHANGED = 4;
/** DERIVED: it holds decoded code. */
export const CODE = 8;
/** DERIVED: stores do not change the contents read here: ROM (rom.ts). */
export const READ_ONLY = 16;
/** A frame that is a page table and nothing else, once its change has been noted. */
export const TABLE_ONLY = ROLE_TABLE | CHANGED;
/** The facts of a frame whose stores need no attention. */
export const UNWATCHED = CHANGED;

/** A frame has four words: its facts, and the following. */
const SHIFT = 2;
export const FRAME_WORDS = 1 << SHIFT;
export const OWNER = 1;
const REFERENCES = 2;
const OCCUPIED = 3;

const FIRST = FRAME_STATE >>> 2;

/** Facts of each physical page frame, in FRAME_STATE. */
export class Frames {
  readonly count: number;
  private readonly i32: Int32Array;

  constructor(mem: MachineMemory) {
    this.count = mem.ramBytes >>> 12;
    this.i32 = mem.i32;
  }

  /** Roles, CHANGED and CODE. */
  facts(frame: Frame): number {
    return this.i32[FIRST + (frame << SHIFT)];
  }

  addFacts(frame: Frame, facts: number): void {
    this.i32[FIRST + (frame << SHIFT)] |= facts;
  }

  removeFacts(frame: Frame, facts: number): void {
    this.i32[FIRST + (frame << SHIFT)] &= ~facts;
  }

  /** Marks the frame as changed for the next hash, before a store; returns the facts. */
  change(frame: Frame): number {
    const at = FIRST + (frame << SHIFT);
    const facts = this.i32[at] | CHANGED;
    this.i32[at] = facts;
    return facts;
  }

  /** For a table: directory | slot through which the walker last filled from it (structures.ts); else 0. */
  owner(frame: Frame): number {
    return this.i32[FIRST + (frame << SHIFT) + OWNER];
  }

  setOwner(frame: Frame, owner: number): void {
    this.i32[FIRST + (frame << SHIFT) + OWNER] = owner;
  }

  /** Adds to the number of present entries of tracked directories that name the frame; returns the new number. */
  addReference(frame: Frame, by: number): number {
    return (this.i32[FIRST + (frame << SHIFT) + REFERENCES] += by);
  }

  /** Adds to the number of entries of a directory that are not zero; returns the new number. */
  addOccupied(frame: Frame, by: number): number {
    return (this.i32[FIRST + (frame << SHIFT) + OCCUPIED] += by);
  }

  setOccupied(frame: Frame, count: number): void {
    this.i32[FIRST + (frame << SHIFT) + OCCUPIED] = count;
  }

  /** After a restore no frame has changed since, and no block is decoded. A machine that records nothing tracks nothing. */
  reload(tracking: boolean): void {
    for (let frame = 0; frame < this.count; frame++) {
      const at = FIRST + (frame << SHIFT);
      this.i32[at] = tracking ? this.i32[at] & ROLES : 0;
    }
  }

  /** The frames changed since the last call, ascending, and forgets them. */
  takeChanged(): Uint32Array {
    const { i32 } = this;
    const end = FIRST + (this.count << SHIFT);
    let changed = 0;
    for (let at = FIRST; at < end; at += 1 << SHIFT) changed += i32[at] & CHANGED;
    const frames = new Uint32Array(changed / CHANGED);
    for (let at = FIRST, i = 0; i < frames.length; at += 1 << SHIFT) {
      if ((i32[at] & CHANGED) === 0) continue;
      frames[i++] = (at - FIRST) >>> SHIFT;
      i32[at] &= ~CHANGED;
    }
    return frames;
  }
}

import { FRAME_STATE, type MachineMemory } from '../layout.ts';

/** Roles in which the walker has used a frame. A frame with any is *tracked*: every write to it is recorded. */
export const ROLE_DIRECTORY = 1;
export const ROLE_TABLE = 2;

/** Reasons to keep stores to a frame off the fast path, and the absence of one: `watch[frame]` is exactly UNWATCHED. */
export const WATCH_CHANGED = 1;
export const WATCH_CODE = 2;
export const WATCH_TRACKED = 4;
/** The frame is known to have changed since the last state hash, and nothing else needs to see its stores. */
export const UNWATCHED = WATCH_CHANGED;

const WORDS = 4;
const ROLES = 0;
const OWNER = 1;
const REFERENCES = 2;
const OCCUPIED = 3;

/** What is known of each physical page frame. Four words a frame in FRAME_STATE, and derived watch bits. */
export class Frames {
  readonly count: number;
  private readonly words: Int32Array;
  /** DERIVED: WATCH bits. CHANGED follows the state hash, CODE the block cache, TRACKED the roles. */
  readonly watch: Uint8Array;

  constructor(mem: MachineMemory) {
    this.count = mem.ramBytes >>> 12;
    this.words = new Int32Array(mem.memory.buffer, FRAME_STATE, this.count * WORDS);
    this.watch = new Uint8Array(this.count).fill(WATCH_CHANGED);
  }

  roles(frame: number): number {
    return this.words[frame * WORDS + ROLES];
  }

  setRoles(frame: number, roles: number): void {
    this.words[frame * WORDS + ROLES] = roles;
    if (roles) this.watch[frame] |= WATCH_TRACKED;
    else this.watch[frame] &= ~WATCH_TRACKED;
  }

  /** For a table: physical address of the directory | slot through which the walker last filled from it. */
  owner(frame: number): number {
    return this.words[frame * WORDS + OWNER];
  }

  setOwner(frame: number, owner: number): void {
    this.words[frame * WORDS + OWNER] = owner;
  }

  /** Adds to the number of present entries of tracked directories that name the frame; returns the new number. */
  addReference(frame: number, by: number): number {
    return (this.words[frame * WORDS + REFERENCES] += by);
  }

  references(frame: number): number {
    return this.words[frame * WORDS + REFERENCES];
  }

  /** For a directory: number of entries that are not zero. */
  addOccupied(frame: number, by: number): number {
    return (this.words[frame * WORDS + OCCUPIED] += by);
  }

  setOccupied(frame: number, count: number): void {
    this.words[frame * WORDS + OCCUPIED] = count;
  }

  /**
   * After a restore nothing is known of changes since the last hash, and no block is decoded. A machine that records
   * nothing tracks nothing.
   */
  reload(tracking: boolean): void {
    for (let frame = 0; frame < this.count; frame++) {
      this.watch[frame] = WATCH_CHANGED | (tracking && this.roles(frame) ? WATCH_TRACKED : 0);
    }
  }

  /** The frames changed since the last call, ascending, and forgets them. */
  takeChanged(): Uint32Array {
    const { watch } = this;
    let changed = 0;
    for (let frame = 0; frame < this.count; frame++) changed += watch[frame] & WATCH_CHANGED;
    const frames = new Uint32Array(changed);
    for (let frame = 0, i = 0; i < changed; frame++) {
      if ((watch[frame] & WATCH_CHANGED) === 0) continue;
      frames[i++] = frame;
      watch[frame] &= ~WATCH_CHANGED;
    }
    return frames;
  }
}

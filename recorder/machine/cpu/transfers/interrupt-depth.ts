import { INTERRUPT_OP, INTERRUPT_SOURCE, NO_IRQ, STACK_SWITCH_REASON } from '../../../../schemas/events.ts';
import type { Frame, Linear, Physical } from '../../../../schemas/units.ts';
import type { EventLog } from '../../events/event-log.ts';
import type { MachineMemory } from '../../layout.ts';
import type { Mmu } from '../../mmu/mmu.ts';
import { BIG } from '../descriptors.ts';
import {
  CALLED,
  DEPTH,
  FRAME_CAPACITY,
  FRAME_ID,
  FRAME_TABLE,
  FRAME_WORDS,
  LAST_FRAME_ID,
  NOTE_CAPACITY,
  NOTE_TABLE,
  NOTE_WORDS,
  OPEN_FRAMES,
  SEGMENT_WORDS,
  SEGMENTS,
  SS,
  STACK_NOTES,
} from '../state.ts';

/** Tracks open interrupt frames: the depth of interrupts, and the return that ends each. */

const DELIVER = INTERRUPT_OP.indexOf('deliver');
const IRET = INTERRUPT_OP.indexOf('iret');
export const FROM_IRQ = INTERRUPT_SOURCE.indexOf('irq');
export const FROM_INT = INTERRUPT_SOURCE.indexOf('int');
const FROM_SYSENTER = INTERRUPT_SOURCE.indexOf('sysenter');
export const SWITCH_PRIVILEGE = STACK_SWITCH_REASON.indexOf('privilege');
export const SWITCH_IRET = STACK_SWITCH_REASON.indexOf('iret');
export const SWITCH_LOAD = STACK_SWITCH_REASON.indexOf('load');
export const SWITCH_CR3 = STACK_SWITCH_REASON.indexOf('cr3');
export const SWITCH_TASK = STACK_SWITCH_REASON.indexOf('task');

export const UNMAPPED = -1;
const MAX_DEPTH = 255;
/** Bytes of IP, CS and FLAGS. */
export const SMALLEST_FRAME = 6;

/**
 * Words of an open frame: physical address of the pushed EIP, id, parent's id, facts. SYSENTER pushes nothing: the first slot of
 * the stack that its code runs on stands for it.
 */
export const SLOT = 0;
export const IDENTITY = 1;
export const PARENT = 2;
export const FACTS = 3;
/** Facts: depth | vector << 8 | irq << 16 | source << 24 | reached << 31. */
export const REACHED = 0x80000000 | 0;

/** Words of a note: frame of the stack page that was left, depth and innermost frame there. */
const NOTE_FRAME = 0;
const NOTE_DEPTH = 1;
const NOTE_INNERMOST = 2;

/**
 * Which interrupt frames are open on the current stack. The delivery of an IRQ or a software INT opens a frame, known
 * by the physical address at which its EIP was pushed; the IRET that pops from there closes it (and whatever was left
 * open inside it). SYSENTER opens one too, which the return to privilege 3 closes, by SYSEXIT or another. Exceptions do not
 * count. These tables are CPU state: they depend only on the guest's execution, are saved and hashed, and are maintained whether or not
 * anything is recorded.
 *
 * Both tables are bounded; when one is full, its oldest row is dropped and that frame is forgotten.
 */
export class InterruptDepth {
  mmu!: Mmu;
  protected readonly i32: Int32Array;
  protected readonly log: EventLog | null;
  private readonly frameWords: number;
  private readonly frameCapacity: number;

  constructor(
    mem: MachineMemory,
    log: EventLog | null,
    frameWords = FRAME_WORDS,
    frameCapacity = FRAME_CAPACITY,
  ) {
    this.i32 = mem.i32;
    this.log = log;
    this.frameWords = frameWords;
    this.frameCapacity = frameCapacity;
  }

  /** True for a 32-bit stack. */
  protected get isWide(): boolean {
    return (this.i32[SEGMENTS + SS * SEGMENT_WORDS + 3] & BIG) !== 0;
  }

  /** Linear address of `esp` on the current stack, which may be one of 64 KB. */
  private linear(esp: number): Linear {
    const base = this.i32[SEGMENTS + SS * SEGMENT_WORDS + 1];
    return (base + (this.isWide ? esp : esp & 0xffff)) | 0;
  }

  /** Physical address of `esp` on the current stack; UNMAPPED if there is none. */
  protected physical(esp: number): Physical {
    return this.mmu.translateForDebug(this.linear(esp)) | 0;
  }

  /** Frame of the page under `esp`; the slot under an empty stack's top belongs to it. */
  stackFrame(esp: number): number {
    const physical = this.mmu.translateForDebug(this.linear(esp - 1));
    return physical < 0 ? UNMAPPED : physical >>> 12;
  }

  /**
   * Called when a frame has been pushed and the handler entered; the context still has EIP, CPL and depth of the interrupted code. `esp`
   * is that of the frame, on the current stack.
   */
  opened(
    esp: number,
    vector: number,
    irq: number,
    source: number,
    target: number,
    interruptedCpl: number,
  ): void {
    this.takeCalled();
    const slot = this.physical(esp);
    this.dropAbandoned(slot);
    this.addFrame(slot, esp, vector, irq, source, target, interruptedCpl);
  }

  /** SYSENTER has gone through, and the stack in force is the one that it begins on, at `esp`. The context is as for `opened`. */
  openedCall(esp: number, target: number, interruptedCpl: number): void {
    this.takeCalled();
    this.addFrame(this.physical(esp - 4), esp, 0, NO_IRQ, FROM_SYSENTER, target, interruptedCpl);
  }

  private addFrame(
    slot: number,
    esp: number,
    vector: number,
    irq: number,
    source: number,
    target: number,
    interruptedCpl: number,
  ): void {
    const { i32 } = this;
    const id = ++i32[LAST_FRAME_ID];
    const parent = i32[FRAME_ID];
    this.log?.interrupt({
      op: DELIVER,
      id,
      parent,
      vector,
      irq,
      source,
      target_eip: target,
      interrupted_cpl: interruptedCpl,
      esp,
      reached: 0,
    });
    const depth = Math.min(i32[DEPTH] + 1, MAX_DEPTH);
    if (i32[OPEN_FRAMES] === this.frameCapacity) this.removeFrame(0);
    const at = this.frameAt(i32[OPEN_FRAMES]++);
    i32[at + SLOT] = slot;
    i32[at + IDENTITY] = id;
    i32[at + PARENT] = parent;
    i32[at + FACTS] = depth | (vector << 8) | (irq << 16) | (source << 24);
    i32[DEPTH] = depth;
    i32[FRAME_ID] = id;
  }

  /** The frame closed by an IRET that is about to pop EIP from `esp`; -1 if none. */
  match(esp: number): number {
    const { i32 } = this;
    if (i32[OPEN_FRAMES] === 0) return -1;
    const slot = this.physical(esp);
    for (let n = i32[OPEN_FRAMES] - 1; n >= 0; n--) {
      const at = this.frameAt(n);
      if (i32[at + SLOT] === slot && !this.isCall(at)) return n;
    }
    return -1;
  }

  /** Execution is about to go to privilege 3: the frame of the SYSENTER that it is inside of, which this closes; -1 for none. */
  innermostCall(): number {
    return this.innermost((at) => this.isCall(at));
  }

  /** Of the frames that the code is inside of, the innermost for whose words `holds`; -1 for none. */
  protected innermost(holds: (at: number) => boolean): number {
    const { i32 } = this;
    let id = i32[FRAME_ID];
    // The oldest come first: on the way down each parent is met after what is inside of it.
    for (let n = i32[OPEN_FRAMES] - 1; n >= 0 && id !== 0; n--) {
      const at = this.frameAt(n);
      if (i32[at + IDENTITY] !== id) continue;
      if (holds(at)) return n;
      id = i32[at + PARENT];
    }
    return -1;
  }

  /** Physical addresses at which the EIPs of the open frames were pushed. */
  pushedSlots(): number[] {
    const { i32 } = this;
    return Array.from({ length: i32[OPEN_FRAMES] }, (_, n) => this.frameAt(n))
      .filter((at) => !this.isCall(at))
      .map((at) => i32[at + SLOT]);
  }

  /** True if the frame whose words begin at `at` is that of a SYSENTER. */
  protected isCall(at: number): boolean {
    return ((this.i32[at + FACTS] >>> 24) & 127) === FROM_SYSENTER;
  }

  /** The IRET of frame `n` (from `match`, or `innermostCall`) has gone through. The context still shows the state inside the handler. */
  closed(n: number, esp: number, target: number, interruptedCpl: number): void {
    const { i32 } = this;
    this.takeCalled();
    const at = this.frameAt(n);
    const facts = i32[at + FACTS];
    const parent = i32[at + PARENT];
    this.log?.interrupt({
      op: IRET,
      id: i32[at + IDENTITY],
      parent,
      vector: (facts >>> 8) & 255,
      irq: (facts >>> 16) & 255,
      source: (facts >>> 24) & 127,
      target_eip: target,
      interrupted_cpl: interruptedCpl,
      esp,
      reached: facts < 0 ? 1 : 0,
    });
    this.unwindTo(i32[at + IDENTITY]);
    this.removeFrame(n);
    i32[DEPTH] = (facts & 255) - 1;
    i32[FRAME_ID] = parent;
  }

  /**
   * The innermost frames, if a frame at `slot` overwrites them: their handlers did not return, or not by IRET, and the
   * stack was raised over them.
   */
  protected dropAbandoned(slot: number): void {
    const { i32 } = this;
    for (let n = this.find(i32[FRAME_ID]); n >= 0; n = this.find(i32[FRAME_ID])) {
      const at = this.frameAt(n);
      if (this.isCall(at) || slot < i32[at + SLOT] || slot - i32[at + SLOT] >= SMALLEST_FRAME) return;
      i32[DEPTH] = (i32[at + FACTS] & 255) - 1;
      i32[FRAME_ID] = i32[at + PARENT];
      this.removeFrame(n);
    }
  }

  /** Drops the frames open inside `id`, past which the stack has been popped. */
  private unwindTo(id: number): void {
    const { i32 } = this;
    let inner = i32[FRAME_ID];
    while (inner !== id && inner !== 0) {
      const n = this.find(inner);
      if (n < 0) return;
      inner = i32[this.frameAt(n) + PARENT];
      this.removeFrame(n);
    }
  }

  /** Called on a return to an outer privilege level: the inner stack is empty. */
  leftInnerStack(): void {
    const { i32 } = this;
    if (i32[FRAME_ID] !== 0) this.unwindTo(0);
    i32[DEPTH] = 0;
    i32[FRAME_ID] = 0;
    i32[CALLED] = 0;
  }

  /** Called when ESP has moved to another stack: restores that stack's depth and notes the old one's. */
  switched(reason: number, oldEsp: number, newEsp: number, oldFrame: number, newFrame: number): void {
    const { i32 } = this;
    this.log?.addOrFold('stack_switches', reason, oldEsp, newEsp, oldFrame, newFrame);
    if (oldFrame === newFrame) return;
    this.takeCalled();
    this.leaveNote(oldFrame);
    this.takeNote(newFrame);
    i32[CALLED] = 0;
  }

  /** Entry to an inner privilege level: its stack starts empty. */
  enteredInnerStack(oldEsp: number, newEsp: number, oldFrame: number, newFrame: number): void {
    this.log?.addOrFold('stack_switches', SWITCH_PRIVILEGE, oldEsp, newEsp, oldFrame, newFrame);
    this.i32[DEPTH] = 0;
    this.i32[FRAME_ID] = 0;
    this.i32[CALLED] = 0;
  }

  returnedToOuterStack(oldEsp: number, newEsp: number, oldFrame: number, newFrame: number): void {
    this.log?.addOrFold('stack_switches', SWITCH_IRET, oldEsp, newEsp, oldFrame, newFrame);
    this.leftInnerStack();
  }

  private leaveNote(frame: Frame): void {
    const { i32 } = this;
    if (frame === UNMAPPED) return;
    this.dropNote(frame);
    if (i32[DEPTH] === 0) return;
    if (i32[STACK_NOTES] === NOTE_CAPACITY) this.removeNote(0);
    const at = NOTE_TABLE + i32[STACK_NOTES]++ * NOTE_WORDS;
    i32[at + NOTE_FRAME] = frame;
    i32[at + NOTE_DEPTH] = i32[DEPTH];
    i32[at + NOTE_INNERMOST] = i32[FRAME_ID];
  }

  /** Depth of a stack: as noted when it was left, otherwise that of the newest open frame on its page. */
  private takeNote(frame: Frame): void {
    const { i32 } = this;
    i32[DEPTH] = 0;
    i32[FRAME_ID] = 0;
    const note = this.findNote(frame);
    if (note >= 0) {
      const at = NOTE_TABLE + note * NOTE_WORDS;
      i32[DEPTH] = i32[at + NOTE_DEPTH];
      i32[FRAME_ID] = i32[at + NOTE_INNERMOST];
      this.removeNote(note);
      return;
    }
    for (let n = i32[OPEN_FRAMES] - 1; n >= 0; n--) {
      const at = this.frameAt(n);
      if (i32[at + SLOT] >>> 12 !== frame) continue;
      i32[DEPTH] = i32[at + FACTS] & 255;
      i32[FRAME_ID] = i32[at + IDENTITY];
      return;
    }
  }

  /** Moves "a CALL retired" from the running flag to the innermost frame. */
  protected takeCalled(): void {
    const { i32 } = this;
    if (i32[CALLED] === 0) return;
    i32[CALLED] = 0;
    if (i32[FRAME_ID] === 0) return;
    const n = this.find(i32[FRAME_ID]);
    if (n >= 0) i32[this.frameAt(n) + FACTS] |= REACHED;
  }

  /** The index at which the words of open frame `n` begin. */
  protected frameAt(n: number): number {
    return FRAME_TABLE + n * this.frameWords;
  }

  protected find(id: number): number {
    const { i32 } = this;
    for (let n = i32[OPEN_FRAMES] - 1; n >= 0; n--) {
      if (i32[this.frameAt(n) + IDENTITY] === id) return n;
    }
    return -1;
  }

  protected findNote(frame: Frame): number {
    const { i32 } = this;
    for (let n = 0; n < i32[STACK_NOTES]; n++) {
      if (i32[NOTE_TABLE + n * NOTE_WORDS + NOTE_FRAME] === frame) return n;
    }
    return -1;
  }

  protected dropNote(frame: Frame): void {
    const n = this.findNote(frame);
    if (n >= 0) this.removeNote(n);
  }

  protected removeFrame(n: number): void {
    this.removeRow(FRAME_TABLE, this.frameWords, n, --this.i32[OPEN_FRAMES]);
  }

  protected removeNote(n: number): void {
    this.removeRow(NOTE_TABLE, NOTE_WORDS, n, --this.i32[STACK_NOTES]);
  }

  /** Closes the gap and clears the freed last row, so that equal tables have equal bytes. */
  private removeRow(table: number, words: number, n: number, count: number): void {
    const { i32 } = this;
    i32.copyWithin(table + n * words, table + (n + 1) * words, table + (count + 1) * words);
    i32.fill(0, table + count * words, table + (count + 1) * words);
  }
}

import { INTERRUPT_OP } from '../../../../schemas/events.ts';
import type { EventLog } from '../../events/event-log.ts';
import { type MachineMemory, RAM } from '../../layout.ts';
import {
  CALLED,
  DEPTH,
  EAX,
  EDI,
  ESP,
  FRAME_CAPACITY,
  FRAME_ID,
  FRAME_WORDS,
  NOTE_CAPACITY,
  NOTE_TABLE,
  NOTE_WORDS,
  OPEN_FRAMES,
  STACK_NOTES,
} from '../state.ts';
import {
  FACTS,
  IDENTITY,
  InterruptDepth,
  PARENT,
  REACHED,
  SLOT,
  SMALLEST_FRAME,
  SWITCH_LOAD,
  UNMAPPED,
} from './interrupt-depth.ts';

/** Follows interrupt frames that a kernel copies or moves to another stack, so that their end is recognised. */

const ABANDON = INTERRUPT_OP.indexOf('abandon');

/**
 * Of an open frame besides those of the page rule: physical address at which the entry code may have put a copy; 0 none. Of a
 * SYSENTER: the first slot of the stack that it began on.
 */
const COPY = 4;
const FOLLOWED_WORDS = 5;
const FOLLOWED_CAPACITY = Math.floor((FRAME_CAPACITY * FRAME_WORDS) / FOLLOWED_WORDS);

/** Words of a note: frame of the stack page | depth << 20 | flag that the code continued elsewhere; innermost frame; ESP. */
const NOTE_PLACE = 0;
const NOTE_INNERMOST = 1;
const NOTE_ESP = 2;
const PAGE_MASK = 0xfffff;
const WENT_ON = 1 << 28;

/** IP, CS and FLAGS of 32 bits. */
const LARGE_FRAME = 12;
/** Maximum distance of a frame that entry code copies right after pushing it. */
const NEAR_BYTES = 256;
/** Tolerance in bytes for resuming a thread, for the words that its switch pushes. */
const SLACK_BYTES = 64;
/** Words above a new ESP that may hold the old one. */
const KEPT_WORDS = 24;

/**
 * Interrupt frames that follow the code from stack to stack. A load of ESP is one of five things:
 * 1. A thread is resumed where it was left: it has its previous depth.
 * 2. The frame was copied, and the code continues above the copy (Linux on its way back to user mode): it stays inside.
 * 3. The code keeps the old ESP, in a register or on the new stack, to copy from or to come back to (entry code, handlers that
 *    run on a stack of their own): it stays inside, and the frame may be popped from where it was or from its copy.
 * 4. Another thread: outside of any interrupt, as far as known.
 * 5. Inside a SYSENTER, of which nothing was pushed, entry code that has called nothing yet goes to the stack of its thread, and on its
 *    way out back to the one that it began on (Linux): it stays inside.
 * A load of CR3 and a task switch resume the thread that was left on the page.
 *
 * A frame ends with the IRET that pops it, or when something else is pushed over it: then its thread never returned, and the
 * end is an `abandon` event.
 */
export class FollowedFrames extends InterruptDepth {
  private readonly u8: Uint8Array;
  private readonly ramBytes: number;

  constructor(mem: MachineMemory, log: EventLog | null) {
    super(mem, log, FOLLOWED_WORDS, FOLLOWED_CAPACITY);
    this.u8 = mem.u8;
    this.ramBytes = mem.ramBytes;
  }

  override match(esp: number): number {
    const { i32 } = this;
    if (i32[OPEN_FRAMES] === 0) return -1;
    const place = this.physical(esp);
    for (let n = i32[OPEN_FRAMES] - 1; n >= 0; n--) {
      const at = this.frameAt(n);
      if (this.isCall(at)) continue;
      if (i32[at + COPY] === place && place !== 0) return n;
      if (i32[at + SLOT] !== place) continue;
      // Where a frame was copied from, another thread may have put its own: a new one that returns for the first time.
      if (i32[at + COPY] === 0 || this.innermost((around) => around === at) >= 0) return n;
    }
    return -1;
  }

  override switched(
    reason: number,
    oldEsp: number,
    newEsp: number,
    oldFrame: number,
    newFrame: number,
  ): void {
    const { i32 } = this;
    this.log?.addOrFold('stack_switches', reason, oldEsp, newEsp, oldFrame, newFrame);
    if (oldFrame === newFrame) return;
    this.takeCalled();
    if (reason === SWITCH_LOAD) this.loaded(oldEsp, newEsp, oldFrame, newFrame);
    else {
      this.noteStack(oldFrame, oldEsp, 0);
      this.takeUpPage(newFrame);
    }
    i32[CALLED] = 0;
  }

  /** The inner stack begins anew: what was pushed there before, and is not copied elsewhere, will not be popped. */
  override enteredInnerStack(oldEsp: number, newEsp: number, oldFrame: number, newFrame: number): void {
    super.enteredInnerStack(oldEsp, newEsp, oldFrame, newFrame);
    this.overwrite(this.physical(newEsp), LARGE_FRAME, 0);
    this.endCallsAt(this.physical(newEsp));
    this.dropNote(newFrame);
  }

  override openedCall(esp: number, target: number, interruptedCpl: number): void {
    super.openedCall(esp, target, interruptedCpl);
    const at = this.frameAt(this.i32[OPEN_FRAMES] - 1);
    this.i32[at + COPY] = this.i32[at + SLOT];
  }

  protected override dropAbandoned(slot: number): void {
    this.overwrite(slot, SMALLEST_FRAME, 0);
  }

  private loaded(oldEsp: number, newEsp: number, oldFrame: number, newFrame: number): void {
    const { i32 } = this;
    if (this.takeUp(oldEsp, newEsp, oldFrame, newFrame, 0)) return;
    const innermost = i32[FRAME_ID] === 0 ? -1 : this.find(i32[FRAME_ID]);
    if (innermost >= 0 && this.hasMoved(innermost, oldEsp, newEsp)) {
      this.dropNote(oldFrame);
      this.dropNote(newFrame);
      return;
    }
    if (i32[DEPTH] > 0 && this.isKept(oldEsp, newEsp)) {
      this.dropNote(newFrame);
      this.noteStack(oldFrame, oldEsp, WENT_ON);
      if (innermost >= 0) this.expectCopy(innermost, oldEsp, newEsp);
      return;
    }
    if (this.takeUp(oldEsp, newEsp, oldFrame, newFrame, SLACK_BYTES)) return;
    this.dropNote(newFrame);
    this.noteStack(oldFrame, oldEsp, 0);
    i32[DEPTH] = 0;
    i32[FRAME_ID] = 0;
  }

  /** True if a thread that was left within `slack` bytes of `newEsp` resumes there. */
  private takeUp(oldEsp: number, newEsp: number, oldFrame: number, newFrame: number, slack: number): boolean {
    const { i32 } = this;
    const n = this.findNote(newFrame);
    if (n < 0) return false;
    const at = NOTE_TABLE + n * NOTE_WORDS;
    const place = i32[at + NOTE_PLACE];
    const innermost = i32[at + NOTE_INNERMOST];
    const cameBack = (place & WENT_ON) !== 0;
    const isHere = Math.abs((i32[at + NOTE_ESP] - newEsp) | 0) <= slack;
    // Another thread has borrowed this stack since, so the resuming code is not the one that left it.
    if (!isHere || (cameBack && innermost !== i32[FRAME_ID])) return false;
    this.removeNote(n);
    // A stack that was only borrowed is now empty.
    if (cameBack) this.dropNote(oldFrame);
    else this.noteStack(oldFrame, oldEsp, 0);
    this.goOnAs(place, innermost);
    return true;
  }

  /** As whoever was left on the page, or as the newest frame there. */
  private takeUpPage(page: number): void {
    const { i32 } = this;
    const note = this.findNote(page);
    if (note >= 0) {
      const at = NOTE_TABLE + note * NOTE_WORDS;
      const place = i32[at + NOTE_PLACE];
      const innermost = i32[at + NOTE_INNERMOST];
      this.removeNote(note);
      this.goOnAs(place, innermost);
      return;
    }
    i32[DEPTH] = 0;
    i32[FRAME_ID] = 0;
    for (let n = i32[OPEN_FRAMES] - 1; n >= 0; n--) {
      const at = this.frameAt(n);
      if (i32[at + SLOT] >>> 12 !== page) continue;
      i32[DEPTH] = i32[at + FACTS] & 255;
      i32[FRAME_ID] = i32[at + IDENTITY];
      return;
    }
  }

  private goOnAs(place: number, innermost: number): void {
    const isOpen = this.find(innermost) >= 0;
    this.i32[DEPTH] = isOpen ? (place >>> 20) & 255 : 0;
    this.i32[FRAME_ID] = isOpen ? innermost : 0;
  }

  /** The code of frame `n`, the innermost, continues on another stack. */
  private hasMoved(n: number, oldEsp: number, newEsp: number): boolean {
    return this.isCall(this.frameAt(n)) ? this.callMoved(n, newEsp) : this.wasCopied(n, oldEsp, newEsp);
  }

  /** The code of a SYSENTER goes to the stack of its thread, or back to the one that it began on. */
  private callMoved(n: number, newEsp: number): boolean {
    const { i32 } = this;
    const at = this.frameAt(n);
    const top = this.physical(newEsp - 4);
    if ((i32[at + FACTS] & REACHED) !== 0 && i32[at + COPY] >>> 12 !== top >>> 12) return false;
    i32[at + SLOT] = top;
    this.endCallsAt(top);
    return true;
  }

  /** True if the frame is as far above the new ESP as above the old one, so it has moved. */
  private wasCopied(n: number, oldEsp: number, newEsp: number): boolean {
    const { i32 } = this;
    const at = this.frameAt(n);
    const base = this.physical(oldEsp);
    for (const place of [i32[at + SLOT], i32[at + COPY]]) {
      const above = place - base;
      if (place === 0 || above < 0 || place >>> 12 !== base >>> 12) continue;
      const copy = this.physical(newEsp + above);
      if (!this.isSame(place, copy)) continue;
      this.moveTo(copy, i32[at + IDENTITY], SLOT);
      return true;
    }
    return false;
  }

  private isSame(a: number, b: number): boolean {
    const { u8, ramBytes } = this;
    const bytes = this.isWide ? LARGE_FRAME : SMALLEST_FRAME;
    if (a < 0 || b < 0 || a + bytes > ramBytes || b + bytes > ramBytes) return false;
    for (let n = 0; n < bytes; n++) if (u8[RAM + a + n] !== u8[RAM + b + n]) return false;
    return true;
  }

  private isKept(oldEsp: number, newEsp: number): boolean {
    const { i32, ramBytes } = this;
    for (let register = EAX; register <= EDI; register++)
      if (register !== ESP && i32[register] === oldEsp) return true;
    for (let n = 0; n < KEPT_WORDS; n++) {
      const physical = this.physical(newEsp + 4 * n);
      if (
        physical >= 0 &&
        (physical & 3) === 0 &&
        physical < ramBytes &&
        i32[(RAM + physical) >>> 2] === oldEsp
      )
        return true;
    }
    return false;
  }

  /** Entry code that has called nothing yet may copy the frame to the new stack, and have it popped there. */
  private expectCopy(n: number, oldEsp: number, newEsp: number): void {
    const { i32 } = this;
    const at = this.frameAt(n);
    if (this.isCall(at)) return;
    const above = i32[at + SLOT] - this.physical(oldEsp);
    if ((i32[at + FACTS] & REACHED) !== 0 || above < 0 || above >= NEAR_BYTES) return;
    const copy = this.physical(newEsp + above);
    if (copy === UNMAPPED) return;
    this.moveTo(copy, i32[at + IDENTITY], COPY);
  }

  /** Sets the address of frame `id`, as its SLOT or its COPY, to `place`, which no other frame has any more. */
  private moveTo(place: number, id: number, word: number): void {
    const { i32 } = this;
    this.overwrite(place, SMALLEST_FRAME, id);
    this.endCallsAt(place);
    const n = this.find(id);
    if (n < 0) return;
    i32[this.frameAt(n) + COPY] = 0;
    i32[this.frameAt(n) + word] = place;
  }

  /** Ends all frames overwritten by the `bytes` pushed at `place`, except id `keep`; a copied frame survives in its copy. */
  private overwrite(place: number, bytes: number, keep: number): void {
    const { i32 } = this;
    if (place === UNMAPPED) return;
    const isUnder = (other: number) => other > place - SMALLEST_FRAME && other < place + bytes;
    for (let n = i32[OPEN_FRAMES] - 1; n >= 0; n--) {
      // Frames inside an ended one have ended with it.
      if (n >= i32[OPEN_FRAMES]) continue;
      const at = this.frameAt(n);
      if (i32[at + IDENTITY] === keep || this.isCall(at)) continue;
      if (i32[at + COPY] !== 0 && isUnder(i32[at + COPY])) i32[at + COPY] = 0;
      if (!isUnder(i32[at + SLOT])) continue;
      if (i32[at + COPY] === 0) this.abandon(n);
      else {
        i32[at + SLOT] = i32[at + COPY];
        i32[at + COPY] = 0;
      }
    }
  }

  /** Something else begins at the top of a stack: the SYSENTERs whose code ran there, and that it is not inside of, never returned. */
  private endCallsAt(place: number): void {
    const { i32 } = this;
    if (place === UNMAPPED) return;
    for (let n = i32[OPEN_FRAMES] - 1; n >= 0; n--) {
      // Frames inside an ended one have ended with it.
      if (n >= i32[OPEN_FRAMES]) continue;
      const at = this.frameAt(n);
      if (!this.isCall(at) || Math.abs(i32[at + SLOT] - place) > SLACK_BYTES) continue;
      if (this.innermost((around) => around === at) < 0) this.abandon(n);
    }
  }

  /** The frame will never be popped, nor those inside it. */
  private abandon(n: number): void {
    const { i32 } = this;
    const id = i32[this.frameAt(n) + IDENTITY];
    for (let inner = i32[OPEN_FRAMES] - 1; inner >= 0; inner--) {
      if (inner < i32[OPEN_FRAMES] && i32[this.frameAt(inner) + PARENT] === id) this.abandon(inner);
    }
    const now = this.find(id);
    const at = this.frameAt(now);
    const facts = i32[at + FACTS];
    const parent = i32[at + PARENT];
    const [vector, irq, source] = [(facts >>> 8) & 255, (facts >>> 16) & 255, (facts >>> 24) & 127];
    const reached = facts < 0 ? 1 : 0;
    this.log?.interrupt({
      op: ABANDON,
      id,
      parent,
      vector,
      irq,
      source,
      target_eip: 0,
      interrupted_cpl: 0,
      esp: 0,
      reached,
    });
    if (i32[FRAME_ID] === id) {
      i32[DEPTH] = (facts & 255) - 1;
      i32[FRAME_ID] = parent;
    }
    this.removeFrame(now);
  }

  private noteStack(page: number, esp: number, how: number): void {
    const { i32 } = this;
    if (page === UNMAPPED) return;
    this.dropNote(page);
    if (i32[DEPTH] === 0) return;
    if (i32[STACK_NOTES] === NOTE_CAPACITY) this.removeNote(0);
    const at = NOTE_TABLE + i32[STACK_NOTES]++ * NOTE_WORDS;
    i32[at + NOTE_PLACE] = page | (i32[DEPTH] << 20) | how;
    i32[at + NOTE_INNERMOST] = i32[FRAME_ID];
    i32[at + NOTE_ESP] = esp;
  }

  protected override findNote(page: number): number {
    const { i32 } = this;
    for (let n = 0; n < i32[STACK_NOTES]; n++)
      if ((i32[NOTE_TABLE + n * NOTE_WORDS + NOTE_PLACE] & PAGE_MASK) === page) return n;
    return -1;
  }
}

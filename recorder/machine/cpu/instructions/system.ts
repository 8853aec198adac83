import { CR0_CD, CR0_ET, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR4_DE, CR4_PCE } from '../../control-registers.ts';
import type { Core } from '../core.ts';
import { DR6_BD, DR6_FIXED, DR7_FIXED, DR7_GD } from '../debug.ts';
import { CONTROL, DEBUG, type Instruction, MEMORY, TEST } from '../decode/decoder.ts';
import {
  isApplication,
  isNull,
  isPresent,
  isReadable,
  isWritableData,
  LDT,
  limitOf,
  SELECTOR_LDT,
  SELECTOR_RPL,
  TSS_16,
  TSS_32,
  TSS_BUSY,
  typeOf,
} from '../descriptors.ts';
import { fastCallRegister } from '../fast-calls.ts';
import { DEBUG_EXCEPTION, GENERAL_PROTECTION, INVALID_OPCODE, SEGMENT_NOT_PRESENT } from '../fault.ts';
import { CF, DF, ZF } from '../flags.ts';
import {
  CPL,
  CR0,
  CR2,
  CR3,
  CR4,
  DR,
  EAX,
  EBX,
  ECX,
  EDX,
  GDT_BASE,
  GDT_LIMIT,
  ICOUNT,
  IDT_BASE,
  IDT_LIMIT,
  LDTR,
  SYSTEM_FLAGS,
  TR,
  TSC_OFFSET,
} from '../state.ts';
import { readTest, writeTest } from '../test-registers.ts';
import { visible } from '../transfers/transfers.ts';
import type { Handlers } from './handler.ts';

/** System instructions (80386 Programmer's Reference, chapters 4 to 6, 10; Pentium manual, volume 3, chapters 10, 25). */

const DR7_KNOWN = 0xffff23ff | 0;

const MSR_TSC = 0x10;
const WORD = 4294967296;

function setCr0(core: Core, value: number): void {
  if ((value & CR0_PG) !== 0 && (value & CR0_PE) === 0) core.fault(GENERAL_PROTECTION, 0);
  // NW without CD is refused (Intel486 manual, table 10-5); a 386 has neither.
  if ((value & core.processor.cr0 & (CR0_NW | CR0_CD)) === CR0_NW) core.fault(GENERAL_PROTECTION, 0);
  const leaves = core.segments.protection && (value & CR0_PE) === 0;
  core.mmu.setCr0((value & core.processor.cr0) | CR0_ET);
  if (leaves) core.segments.leaveProtection();
}

/** MOV to and from CR, DR and TR (17, MOV special). */
function moveSpecial(core: Core, insn: Instruction): void {
  const { i32, processor } = core;
  const [target, source] = insn.operands;
  const noCr4 = processor.cr4 === 0;
  if (noCr4 && [target, source].some(({ kind, number }) => kind === CONTROL && number === 4)) {
    core.fault(INVALID_OPCODE, 0);
  }
  if (
    processor.revision >= 2 &&
    [target, source].some(({ kind, number }) => kind === DEBUG && isGone(core, number))
  )
    core.fault(INVALID_OPCODE, 0);
  core.requirePrivilege();
  if (target.kind === CONTROL) {
    const value = core.read(insn, 1);
    if (target.number === 0) setCr0(core, value);
    else if (target.number === 2) i32[CR2] = value;
    else if (target.number === 3) core.loadDirectory(value & ~0xfe7);
    else if (value & ~processor.cr4) core.fault(GENERAL_PROTECTION, 0);
    else {
      core.mmu.setCr4(value);
      core.debug.update();
    }
  } else if (source.kind === CONTROL) {
    const value = i32[[CR0, CR0, CR2, CR3, CR4][source.number]];
    if (source.number >= 3) core.mmu.controlRead(source.number, value);
    core.write(insn, 0, value);
  } else if (target.kind === DEBUG) {
    const number = debugNumber(core, target.number);
    const value = core.read(insn, 1);
    if (number === 6) i32[DR + 6] = value | DR6_FIXED;
    else if (number === 7) i32[DR + 7] = (value & DR7_KNOWN) | DR7_FIXED;
    else i32[DR + number] = value;
    if (number !== 6) core.debug.update();
  } else if (target.kind === TEST) {
    writeTest(core, target.number, core.read(insn, 1));
  } else if (source.kind === TEST) {
    core.write(insn, 0, readTest(core, source.number));
  } else {
    core.write(insn, 0, i32[DR + debugNumber(core, source.number)]);
  }
}

const isAlias = (number: number): boolean => number === 4 || number === 5;
/** DR4 and DR5 with CR4.DE. */
const isGone = (core: Core, number: number): boolean => isAlias(number) && (core.i32[CR4] & CR4_DE) !== 0;

/**
 * DR4 and DR5 are other names of DR6 and DR7, and undefined with CR4.DE (Pentium manual, volume 3, 17.2). With DR7.GD
 * every access is a fault, to an in-circuit emulator that uses the registers (80386 PRM, 12.2.3).
 */
function debugNumber(core: Core, number: number): number {
  const { i32 } = core;
  if (isGone(core, number)) core.fault(INVALID_OPCODE, 0);
  if (i32[DR + 7] & DR7_GD) {
    i32[DR + 6] |= DR6_BD;
    core.fault(DEBUG_EXCEPTION, 0);
  }
  return isAlias(number) ? number + 2 : number;
}

function storeWord(core: Core, insn: Instruction, value: number): void {
  if (insn.operands[0].kind === MEMORY) core.access.writeSegment(insn.segment, core.offset(insn), 2, value);
  else core.write(insn, 0, value);
}

function requireProtected(core: Core): void {
  if (!core.segments.protected) core.fault(INVALID_OPCODE, 0);
}

/** SGDT and SIDT store 6 bytes; with a 16-bit operand the top byte is 0 (17, SGDT: the 386 stores it as it is). */
function storeTable(core: Core, insn: Instruction, base: number, limit: number): void {
  const { access, i32 } = core;
  const linear = access.forWrite(insn.segment, core.offset(insn), 6);
  access.probeWrite(linear, 2, core.cpl);
  access.probeWrite((linear + 2) | 0, 4, core.cpl);
  access.write(linear, 2, i32[limit], core.cpl);
  access.write((linear + 2) | 0, 4, i32[base], core.cpl);
}

function loadTable(core: Core, insn: Instruction, base: number, limit: number): void {
  core.requirePrivilege();
  const { access, i32 } = core;
  const linear = access.forRead(insn.segment, core.offset(insn), 6);
  const newLimit = access.read(linear, 2, core.cpl);
  const newBase = access.read((linear + 2) | 0, 4, core.cpl);
  i32[limit] = newLimit;
  i32[base] = insn.operandSize === 2 ? newBase & 0xffffff : newBase;
}

/** LLDT and LTR. */
function loadSystemSegment(core: Core, insn: Instruction, register: number): void {
  requireProtected(core);
  core.requirePrivilege();
  const { segments } = core;
  const selector = core.read(insn, 0);
  if (isNull(selector)) {
    if (register === TR) core.fault(GENERAL_PROTECTION, 0);
    segments.set(LDTR, selector, 0, 0, 0);
    return;
  }
  if (selector & SELECTOR_LDT) segments.refuse(GENERAL_PROTECTION, selector);
  segments.fetch(selector);
  const type = typeOf(segments.high);
  const right = register === TR ? type === TSS_16 || type === TSS_32 : type === LDT;
  if (isApplication(segments.high) || !right) segments.refuse(GENERAL_PROTECTION, selector);
  if (!isPresent(segments.high)) segments.refuse(SEGMENT_NOT_PRESENT, selector);
  if (register === TR) segments.setHigh(segments.high | TSS_BUSY);
  segments.setFromDescriptor(register, selector, segments.low, segments.high);
}

/** The selector that LAR, LSL, VERR and VERW ask about: read only where there are selectors. */
function readSelector(core: Core, insn: Instruction, which: number): number {
  if (core.processor.revision >= 2) requireProtected(core);
  return core.read(insn, which);
}

/** Finds the descriptor that LAR, LSL, VERR and VERW ask about; ZF says whether they got an answer. */
function inspect(core: Core, selector: number, accepts: (high: number) => boolean): boolean {
  requireProtected(core);
  const { segments } = core;
  const found =
    !isNull(selector) &&
    segments.tryFetch(selector) &&
    accepts(segments.high) &&
    visible(core, selector, segments.high);
  core.flags.change(ZF, found ? ZF : 0);
  return found;
}

/** System types with a limit, and those that LAR tells besides: gates (17, LAR and LSL). */
const HAS_LIMIT = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 9) | (1 << 11);
const HAS_RIGHTS = HAS_LIMIT | (1 << 4) | (1 << 5) | (1 << 12);

export const SYSTEM_HANDLERS: Handlers = {
  movSpecial: moveSpecial,
  clts(core) {
    core.requirePrivilege();
    if (core.i32[CR0] & CR0_TS) core.mmu.setCr0(core.i32[CR0] & ~CR0_TS);
  },
  invd: (core) => core.requirePrivilege(),
  wbinvd: (core) => core.requirePrivilege(),
  invlpg(core, insn) {
    core.requirePrivilege();
    core.mmu.invlpg((core.segments.base(insn.segment) + core.offset(insn)) | 0);
  },
  ud2: (core) => core.fault(INVALID_OPCODE, 0),
  sgdt: (core, insn) => storeTable(core, insn, GDT_BASE, GDT_LIMIT),
  sidt: (core, insn) => storeTable(core, insn, IDT_BASE, IDT_LIMIT),
  lgdt: (core, insn) => loadTable(core, insn, GDT_BASE, GDT_LIMIT),
  lidt: (core, insn) => loadTable(core, insn, IDT_BASE, IDT_LIMIT),
  lldt: (core, insn) => loadSystemSegment(core, insn, LDTR),
  ltr: (core, insn) => loadSystemSegment(core, insn, TR),
  sldt(core, insn) {
    requireProtected(core);
    storeWord(core, insn, core.segments.selector(LDTR));
  },
  str(core, insn) {
    requireProtected(core);
    storeWord(core, insn, core.segments.selector(TR));
  },
  smsw: (core, insn) => storeWord(core, insn, core.i32[CR0]),
  lmsw(core, insn) {
    core.requirePrivilege();
    // LMSW can set PE but not clear it (17, LMSW).
    const old = core.i32[CR0];
    const word = core.read(insn, 0) & 15;
    setCr0(core, (old & ~14) | (old & CR0_PE) | word);
  },
  lar(core, insn) {
    const selector = readSelector(core, insn, 1);
    const known = (high: number) => isApplication(high) || ((HAS_RIGHTS >>> typeOf(high)) & 1) !== 0;
    if (inspect(core, selector, known)) core.write(insn, 0, core.segments.high & 0x00ffff00);
  },
  lsl(core, insn) {
    const selector = readSelector(core, insn, 1);
    const known = (high: number) => isApplication(high) || ((HAS_LIMIT >>> typeOf(high)) & 1) !== 0;
    if (inspect(core, selector, known)) core.write(insn, 0, limitOf(core.segments.low, core.segments.high));
  },
  verr: (core, insn) => void inspect(core, readSelector(core, insn, 0), isReadable),
  verw: (core, insn) => void inspect(core, readSelector(core, insn, 0), isWritableData),
  arpl(core, insn) {
    requireProtected(core);
    // A selector that stays as it is is not written: it may lie in a page that cannot be.
    const selector = core.read(insn, 0);
    const rpl = core.read(insn, 1) & SELECTOR_RPL;
    const raise = (selector & SELECTOR_RPL) < rpl;
    if (raise) core.write(insn, 0, (selector & ~SELECTOR_RPL) | rpl);
    core.flags.change(ZF, raise ? ZF : 0);
  },
  cpuid(core) {
    const { i32 } = core;
    const { cpuid } = core.processor;
    // Beyond the highest leaf the answer is that of the highest (Pentium Pro manual, volume 2, CPUID).
    [i32[EAX], i32[EBX], i32[ECX], i32[EDX]] = cpuid[Math.min(i32[EAX] >>> 0, cpuid.length - 1)];
  },
  rdtsc: (core) => core.readTimeStamp(),
  rdpmc(core) {
    const { i32 } = core;
    if (i32[CPL] !== 0 && (i32[CR4] & CR4_PCE) === 0) core.fault(GENERAL_PROTECTION, 0);
    if (i32[ECX] >>> 0 > 1) core.fault(GENERAL_PROTECTION, 0);
    // Both counters stand still: nothing selects an event for them (models.ts).
    i32[EAX] = 0;
    i32[EDX] = 0;
  },
  rdmsr(core) {
    core.requirePrivilege();
    const { i32 } = core;
    const call = fastCallRegister(core, i32[ECX]);
    if (i32[ECX] === MSR_TSC) core.timeStampToRegisters();
    else if (call !== undefined) [i32[EDX], i32[EAX]] = [0, i32[call]];
    else [i32[EDX], i32[EAX]] = core.processor.msrs[i32[ECX] >>> 0] ?? core.fault(GENERAL_PROTECTION, 0);
  },
  wrmsr(core) {
    core.requirePrivilege();
    const { i32, f64 } = core;
    const call = fastCallRegister(core, i32[ECX]);
    if (call !== undefined) {
      i32[call] = i32[EAX];
      return;
    }
    if (i32[ECX] !== MSR_TSC) {
      if (!(i32[ECX] >>> 0 in core.processor.msrs)) core.fault(GENERAL_PROTECTION, 0);
      return;
    }
    // Of the upper half 20 bits are kept, so that the counter stays an exact number.
    f64[TSC_OFFSET] = (i32[EDX] & 0xfffff) * WORD + (i32[EAX] >>> 0) - f64[ICOUNT];
  },
  clc: (core) => core.flags.change(CF, 0),
  stc: (core) => core.flags.change(CF, CF),
  cmc: (core) => core.flags.change(CF, core.flags.cf() ? 0 : CF),
  cld(core) {
    core.i32[SYSTEM_FLAGS] &= ~DF;
  },
  std(core) {
    core.i32[SYSTEM_FLAGS] |= DF;
  },
};

import type { CpuFeature } from '../../../../schemas/trace/processor-name.ts';
import { ESCAPES } from './x87-opcodes.ts';

/**
 * The opcode table: one row per encoding, used by the decoder, the block builder and the disassembler.
 * Notation as in the 80386 Programmer's Reference, appendix A:
 *
 * Operand = addressing letter + size letter. Letters: E ModRM register or memory; G ModRM general register; M ModRM
 * memory only; R ModRM register only; S, C, D, T ModRM segment, control, debug, test register; I immediate; J relative target;
 * O offset without ModRM; A far pointer; X, Y string source and destination; Z register in the low opcode bits.
 * Sizes: b 1 byte; w 2; d 4; v 2 or 4 by operand size; s byte immediate, sign-extended to operand size; p far pointer
 * (selector and offset); a pair (BOUND); t table pseudo-descriptor; q 8 bytes; x 10 bytes; n none (an address alone).
 * ST and STi are the coprocessor's registers: the top of its stack, and the one that ModRM.rm counts from there.
 * Fixed registers stand by name (AL, eAX, CL, DX, the segment registers) and "1" is the constant.
 */
export interface Opcode {
  readonly mnemonic: string;
  readonly operands: readonly string[];
  /** The instruction ends a block: it may change EIP, mode, mappings, interruptibility, or repeats. */
  readonly ends: boolean;
  /** LOCK is allowed before it when the destination is memory (80386 Programmer's Reference, 17, LOCK). */
  readonly lockable: boolean;
  /** The feature that a processor must have to know it (models.ts); undefined for what a 386 has. */
  readonly needs: CpuFeature | undefined;
}

/** After the mnemonic: `!` ends, `*` lockable, `:feature` needs. */
const ENDS = '!';
const LOCKABLE = '*';

function row(text: string): Opcode {
  const [head, operands] = text.split(' ');
  const [name, needs] = head.split(':');
  return {
    mnemonic: name.replace(/[!*]/g, ''),
    needs: needs as CpuFeature | undefined,
    operands: operands ? operands.split(',') : [],
    ends: name.includes(ENDS),
    lockable: name.includes(LOCKABLE),
  };
}

const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
const ALU = ['add*', 'or*', 'adc*', 'sbb*', 'and*', 'sub*', 'xor*', 'cmp'];
const SHIFTS = ['rol', 'ror', 'rcl', 'rcr', 'shl', 'shr', 'shl', 'sar'];

/**
 * Table of texts: a string for a plain row, eight for a group selected by ModRM.reg ('' = undefined), or 72 for an
 * escape: eight by reg for memory, then one for each of the ModRM bytes C0 to FF.
 */
type Texts = Record<number, string | readonly string[]>;

const ONE: Texts = {
  6: 'push ES',
  7: 'pop! ES',
  14: 'push CS',
  22: 'push SS',
  23: 'pop! SS',
  30: 'push DS',
  31: 'pop! DS',
  39: 'daa',
  47: 'das',
  55: 'aaa',
  63: 'aas',
  96: 'pusha',
  97: 'popa',
  98: 'bound Gv,Ma',
  99: 'arpl Ew,Gw',
  104: 'push Iv',
  105: 'imul Gv,Ev,Iv',
  106: 'push Is',
  107: 'imul Gv,Ev,Is',
  108: 'ins! Yb,DX',
  109: 'ins! Yv,DX',
  110: 'outs! DX,Xb',
  111: 'outs! DX,Xv',
  128: ALU.map((name) => `${name} Eb,Ib`),
  129: ALU.map((name) => `${name} Ev,Iv`),
  130: ALU.map((name) => `${name} Eb,Ib`),
  131: ALU.map((name) => `${name} Ev,Is`),
  132: 'test Eb,Gb',
  133: 'test Ev,Gv',
  134: 'xchg* Eb,Gb',
  135: 'xchg* Ev,Gv',
  136: 'mov Eb,Gb',
  137: 'mov Ev,Gv',
  138: 'mov Gb,Eb',
  139: 'mov Gv,Ev',
  140: 'mov Ev,Sw',
  141: 'lea Gv,Mn',
  142: 'mov! Sw,Ew',
  143: ['pop Ev', '', '', '', '', '', '', ''],
  152: 'cbw',
  153: 'cwd',
  154: 'callf! Ap',
  155: 'wait',
  156: 'pushf Fv',
  157: 'popf! Fv',
  158: 'sahf',
  159: 'lahf',
  160: 'mov AL,Ob',
  161: 'mov eAX,Ov',
  162: 'mov Ob,AL',
  163: 'mov Ov,eAX',
  164: 'movs Yb,Xb',
  165: 'movs Yv,Xv',
  166: 'cmps Xb,Yb',
  167: 'cmps Xv,Yv',
  168: 'test AL,Ib',
  169: 'test eAX,Iv',
  170: 'stos Yb,AL',
  171: 'stos Yv,eAX',
  172: 'lods AL,Xb',
  173: 'lods eAX,Xv',
  174: 'scas AL,Yb',
  175: 'scas eAX,Yv',
  192: SHIFTS.map((name) => `${name} Eb,Ib`),
  193: SHIFTS.map((name) => `${name} Ev,Ib`),
  194: 'ret! Iw',
  195: 'ret!',
  196: 'les! Gv,Mp',
  197: 'lds! Gv,Mp',
  198: ['mov Eb,Ib', '', '', '', '', '', '', ''],
  199: ['mov Ev,Iv', '', '', '', '', '', '', ''],
  200: 'enter Iw,Ib',
  201: 'leave',
  202: 'retf! Iw',
  203: 'retf!',
  204: 'int3!',
  205: 'int! Ib',
  206: 'into!',
  207: 'iret! Fv',
  208: SHIFTS.map((name) => `${name} Eb,1`),
  209: SHIFTS.map((name) => `${name} Ev,1`),
  210: SHIFTS.map((name) => `${name} Eb,CL`),
  211: SHIFTS.map((name) => `${name} Ev,CL`),
  212: 'aam Ib',
  213: 'aad Ib',
  214: 'salc',
  215: 'xlat',
  224: 'loopne! Jb',
  225: 'loope! Jb',
  226: 'loop! Jb',
  227: 'jcxz! Jb',
  228: 'in! AL,Ib',
  229: 'in! eAX,Ib',
  230: 'out! Ib,AL',
  231: 'out! Ib,eAX',
  232: 'call! Jv',
  233: 'jmp! Jv',
  234: 'jmpf! Ap',
  235: 'jmp! Jb',
  236: 'in! AL,DX',
  237: 'in! eAX,DX',
  238: 'out! DX,AL',
  239: 'out! DX,eAX',
  241: 'int1!',
  244: 'hlt!',
  245: 'cmc',
  246: ['test Eb,Ib', 'test Eb,Ib', 'not* Eb', 'neg* Eb', 'mul Eb', 'imul Eb', 'div Eb', 'idiv Eb'],
  247: ['test Ev,Iv', 'test Ev,Iv', 'not* Ev', 'neg* Ev', 'mul Ev', 'imul Ev', 'div Ev', 'idiv Ev'],
  248: 'clc',
  249: 'stc',
  250: 'cli',
  251: 'sti!',
  252: 'cld',
  253: 'std',
  254: ['inc* Eb', 'dec* Eb', '', '', '', '', '', ''],
  255: ['inc* Ev', 'dec* Ev', 'call! Ev', 'callf! Mp', 'jmp! Ev', 'jmpf! Mp', 'push Ev', ''],
};

const TWO: Texts = {
  0: ['sldt Ev', 'str Ev', 'lldt! Ew', 'ltr! Ew', 'verr Ew', 'verw Ew', '', ''],
  1: ['sgdt Mt', 'sidt Mt', 'lgdt! Mt', 'lidt! Mt', 'smsw Ev', '', 'lmsw! Ew', 'invlpg!:i486 Mn'],
  2: 'lar Gv,Ew',
  3: 'lsl Gv,Ew',
  6: 'clts!',
  8: 'invd!:i486',
  9: 'wbinvd!:i486',
  11: 'ud2!',
  // "User move": an in-circuit emulator reaches the memory of the user by it; without one it is MOV (NASM, insns.dat).
  16: 'umov:umov Eb,Gb',
  17: 'umov:umov Ev,Gv',
  18: 'umov:umov Gb,Eb',
  19: 'umov:umov Gv,Ev',
  32: 'mov Rd,Cd',
  33: 'mov Rd,Dd',
  34: 'mov! Cd,Rd',
  35: 'mov! Dd,Rd',
  36: 'mov:tr Rd,Td',
  38: 'mov!:tr Td,Rd',
  48: 'wrmsr!:msr',
  49: 'rdtsc:tsc',
  50: 'rdmsr!:msr',
  51: 'rdpmc!:rdpmc',
  52: 'sysenter!:sep',
  53: 'sysexit!:sep',
  160: 'push FS',
  161: 'pop! FS',
  162: 'cpuid:cpuid',
  163: 'bt Ev,Gv',
  164: 'shld Ev,Gv,Ib',
  165: 'shld Ev,Gv,CL',
  168: 'push GS',
  169: 'pop! GS',
  171: 'bts* Ev,Gv',
  172: 'shrd Ev,Gv,Ib',
  173: 'shrd Ev,Gv,CL',
  175: 'imul Gv,Ev',
  176: 'cmpxchg*:i486 Eb,Gb',
  177: 'cmpxchg*:i486 Ev,Gv',
  178: 'lss! Gv,Mp',
  179: 'btr* Ev,Gv',
  180: 'lfs! Gv,Mp',
  181: 'lgs! Gv,Mp',
  182: 'movzx Gv,Eb',
  183: 'movzx Gv,Ew',
  186: ['', '', '', '', 'bt Ev,Ib', 'bts* Ev,Ib', 'btr* Ev,Ib', 'btc* Ev,Ib'],
  187: 'btc* Ev,Gv',
  188: 'bsf Gv,Ev',
  189: 'bsr Gv,Ev',
  190: 'movsx Gv,Eb',
  191: 'movsx Gv,Ew',
  192: 'xadd*:i486 Eb,Gb',
  193: 'xadd*:i486 Ev,Gv',
  199: ['', 'cmpxchg8b*:cx8 Mq', '', '', '', '', '', ''],
};

for (let n = 0; n < 8; n++) {
  const forms = ['Eb,Gb', 'Ev,Gv', 'Gb,Eb', 'Gv,Ev', 'AL,Ib', 'eAX,Iv'];
  for (let form = 0; form < forms.length; form++) ONE[n * 8 + form] = `${ALU[n]} ${forms[form]}`;
  ONE[0x40 + n] = 'inc Zv';
  ONE[0x48 + n] = 'dec Zv';
  ONE[0x50 + n] = 'push Zv';
  ONE[0x58 + n] = 'pop Zv';
  ONE[0x90 + n] = n === 0 ? 'nop' : 'xchg Zv,eAX';
  ONE[0xb0 + n] = 'mov Zb,Ib';
  ONE[0xb8 + n] = 'mov Zv,Iv';
  ONE[0xd8 + n] = ESCAPES[n];
  TWO[0xc8 + n] = 'bswap:i486 Zv';
  // 0F 1F /0 is documented, the others are "hint NOPs" (SDM volume 2, appendix A: "Reserved-NOP").
  TWO[0x18 + n] = 'nop:nopl Ev';
}
for (let n = 0; n < 16; n++) {
  ONE[0x70 + n] = `j${CONDITIONS[n]}! Jb`;
  TWO[0x40 + n] = `cmov${CONDITIONS[n]}:cmov Gv,Ev`;
  TWO[0x80 + n] = `j${CONDITIONS[n]}! Jv`;
  TWO[0x90 + n] = `set${CONDITIONS[n]} Eb`;
}

/** A row, a group of eight by ModRM.reg or an escape's 72, or undefined (#UD). */
export type OpcodeEntry = Opcode | readonly (Opcode | undefined)[] | undefined;

const compile = (texts: Texts): readonly OpcodeEntry[] =>
  Array.from({ length: 256 }, (_, code) => {
    const text = texts[code];
    if (text === undefined) return undefined;
    return typeof text === 'string' ? row(text) : text.map((one) => (one === '' ? undefined : row(one)));
  });

/** One-byte opcodes, and those after 0F. Prefixes and 0F itself have no row. */
export const ONE_BYTE = compile(ONE);
export const TWO_BYTE = compile(TWO);

/** True if the opcode has a ModRM byte: all groups do, and rows with an operand that lies in it. */
const inModrm = (entry: OpcodeEntry): boolean =>
  entry !== undefined &&
  ('mnemonic' in entry ? entry.operands.some((o) => /^[EGMRSCD][bwdvspatqn]$/.test(o)) : true);
export const ONE_BYTE_MODRM = ONE_BYTE.map(inModrm);
export const TWO_BYTE_MODRM = TWO_BYTE.map(inModrm);

import { BadInput } from '../../../../schemas/bad-input.ts';
import { DEFAULT_CONFIG } from '../../../../schemas/trace/configuration.ts';
import {
  CPU_FEATURES,
  CPU_MODELS,
  type CpuFeature,
  type CpuModel,
  processorWords,
  UNNAMED_CPU,
  type UnknownWord,
} from '../../../../schemas/trace/processor-name.ts';
import {
  CR0_AM,
  CR0_CD,
  CR0_EM,
  CR0_ET,
  CR0_MP,
  CR0_NE,
  CR0_NW,
  CR0_PE,
  CR0_PG,
  CR0_TS,
  CR0_WP,
  CR4_DE,
  CR4_MCE,
  CR4_PCE,
  CR4_PGE,
  CR4_PSE,
  CR4_PVI,
  CR4_TSD,
  CR4_VME,
} from '../../control-registers.ts';
import { AC, ARITHMETIC, DF, ID, IF, IOPL, NT, RF, TF, VIF, VIP, VM } from '../flags.ts';

/** Models of processors: features, CPUID and registers. */

/** Bits of CPUID leaf 1, EDX (Pentium Pro manual, volume 2, table 3-7). */
const CPUID_BITS: Partial<Record<CpuFeature, number>> = {
  vme: 1 << 1,
  de: 1 << 2,
  pse: 1 << 3,
  tsc: 1 << 4,
  msr: 1 << 5,
  mce: 1 << 7,
  cx8: 1 << 8,
  sep: 1 << 11,
  pge: 1 << 13,
  cmov: 1 << 15,
};

/** Bits of CR4 that come with a feature (Pentium Pro manual, volume 3, 2.5). */
const CR4_BITS: Partial<Record<CpuFeature, number>> = {
  vme: CR4_VME | CR4_PVI,
  tsc: CR4_TSD,
  de: CR4_DE,
  pse: CR4_PSE,
  mce: CR4_MCE,
  pge: CR4_PGE,
  rdpmc: CR4_PCE,
};

const CR0_386 = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_PG;
/** Bits that the 486 added. */
const CR0_486 = CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD;
/** Caches are off after a reset (Intel486 manual, 10.1). */
const CR0_CACHES_OFF = CR0_NW | CR0_CD;
const EFLAGS_386 = ARITHMETIC | TF | IF | DF | IOPL | NT | RF | VM;

interface Model {
  /** Processor signature: DX after a reset, and CPUID leaf 1, EAX: family, model, stepping. */
  readonly signature: number;
  /** The signature with `sep`, if different. */
  readonly signatureWithSep?: number;
  readonly features: readonly CpuFeature[];
  /** CPUID leaf 2: cache and TLB descriptors, as EAX, EBX, ECX, EDX. */
  readonly caches?: readonly [number, number, number, number];
  /** MSRs other than the time-stamp counter: they read as given, and writes to them are ignored. */
  readonly msrs?: Readonly<Record<number, readonly [high: number, low: number]>>;
}

const PENTIUM: readonly CpuFeature[] = ['i486', 'cpuid', 'vme', 'de', 'pse', 'tsc', 'msr', 'mce', 'cx8'];
const ZERO = [0, 0] as const;
const zeros = (...numbers: number[]) => Object.fromEntries(numbers.map((number) => [number, ZERO]));

/** Machine check address and type; CESR and the two counters, which never count (Pentium manual, volume 3, 18.2). */
const PENTIUM_MSRS = zeros(0x00, 0x01, 0x11, 0x12, 0x13);
/**
 * MSRs that kernels read without checking CPUID (Pentium Pro manual, volume 3, appendix B): machine check address and
 * type, platform id, EBL_CR_POWERON, microcode revision, the performance counters and their selectors, DEBUGCTL.
 */
const PENTIUM_PRO_MSRS = zeros(0x00, 0x01, 0x17, 0x2a, 0x79, 0x8b, 0xc1, 0xc2, 0x186, 0x187, 0x1d9);

const MODELS: Readonly<Record<CpuModel, Model>> = {
  /** 386DX, D1 step. */
  '386': { signature: 0x0308, features: ['tr', 'umov'] },
  /** 486DX, D0 step: one of those without CPUID. */
  '486': { signature: 0x0404, features: ['tr', 'umov', 'i486'] },
  /** P54C, C2 step. */
  pentium: { signature: 0x052c, features: PENTIUM, msrs: PENTIUM_MSRS },
  /**
   * sB1 step, 256 KB. The Pentium Pro reports SEP in CPUID but has no working SYSENTER: SDM volume 2, SYSENTER, tells software to ignore
   * SEP below model 3, stepping 3. So `sep` must be added explicitly, which makes the processor a Pentium II of that stepping.
   */
  pentiumpro: {
    signature: 0x0617,
    signatureWithSep: 0x0633,
    features: [...PENTIUM, 'pge', 'cmov', 'rdpmc', 'nopl'],
    caches: [0x03020101, 0, 0, 0x06040a42],
    msrs: PENTIUM_PRO_MSRS,
  },
  /** The processor of traces that do not name one. */
  [UNNAMED_CPU]: {
    signature: 0x0543,
    features: ['i486', 'cpuid', 'pse', 'tsc', 'msr', 'cx8', 'pge'],
  },
};

/** A processor's properties: features, and existing bits of registers. */
export interface Processor {
  readonly has: ReadonlySet<CpuFeature>;
  readonly signature: number;
  /** CPUID leaves from 0, as EAX, EBX, ECX, EDX; none without CPUID. */
  readonly cpuid: readonly (readonly [number, number, number, number])[];
  readonly msrs: Readonly<Record<number, readonly [high: number, low: number]>>;
  /** Every flag that software can change. */
  readonly eflags: number;
  readonly cr0: number;
  readonly resetCr0: number;
  /** 0 when there is no CR4. */
  readonly cr4: number;
  /** True if CR0.AM and EFLAGS.AC have an effect: exception 17. */
  readonly checksAlignment: boolean;
  /** MachineConfig.cpuRevision, which selects between old and fixed behaviour. */
  readonly revision: number;
  /** The values of flags that the manual leaves undefined (docs/cpu.md). */
  readonly undefinedFlags: 'as a 386' | 'as an 80286' | 'as a Pentium';
  /** PUSH and POP of a segment register access the whole of a 32-bit slot, and not the selector alone (docs/cpu.md). */
  readonly extendsSelectors: boolean;
  /** An x87 store that an unmasked exception prevents still faults if its operand is not there, or cannot be written (docs/fpu.md). */
  readonly probesPreventedStores: boolean;
  /** SHLD and SHRD of 16 bits by more than 16 shift the destination in again, not the source: from the Pentium Pro on (docs/cpu.md). */
  readonly shiftsBack: boolean;
  /** A SIB byte without an index scales the base: a 386 alone (docs/cpu.md). */
  readonly scalesLoneBase: boolean;
  /** POPAD on a 16-bit stack loads the upper half of ESP from the slot that it skips: a 386 alone (docs/cpu.md). */
  readonly popsUpperEsp: boolean;
  /** Faults push RF, and so do interrupts of a repeated string instruction. */
  readonly resumeFlag: boolean;
  /** True if instruction breakpoints push RF too: before the Pentium, which leaves that to the handler. */
  readonly resumesBreakpoints: boolean;
  /** True if a load of CS in real mode also sets its limit and attributes: before the Pentium. */
  readonly resetsRealCs: boolean;
}

const VENDOR = [0x756e6547, 0x6c65746e, 0x49656e69] as const;

const bitsOf = (has: ReadonlySet<CpuFeature>, table: Partial<Record<CpuFeature, number>>): number =>
  [...has].reduce((bits, feature) => bits | (table[feature] ?? 0), 0);

/**
 * Parses a processor name: `MODEL`, then features with + or -, as in `pentium,+cmov`; `fpu` determines a bit of CPUID.
 * Throws BadInput.
 */
export function processorOf(
  text: string,
  fpu = false,
  revision: number = DEFAULT_CONFIG.cpuRevision,
): Processor {
  const words = processorWords(text);
  if ('unknown' in words) throw unknownWord(text, words);
  const { model: name, toggles } = words;
  const model = MODELS[name];
  const has = new Set(model.features);
  if (revision < 1) has.delete('tr');
  if (revision < 2) for (const feature of ['nopl', 'umov'] as const) has.delete(feature);
  for (const { feature, added } of toggles) {
    if (added) has.add(feature);
    else has.delete(feature);
  }
  const signature = (has.has('sep') && model.signatureWithSep) || model.signature;
  const family = signature >>> 8;
  const is386 = family === 3 && revision >= 2;
  const cpuid: [number, number, number, number][] = [];
  if (has.has('cpuid')) {
    const [b, c, d] = VENDOR;
    cpuid.push([model.caches ? 2 : 1, b, c, d]);
    cpuid.push([signature, 0, 0, bitsOf(has, CPUID_BITS) | (fpu ? 1 : 0)]);
    if (model.caches) cpuid.push([...model.caches]);
  }
  return {
    has,
    signature,
    cpuid,
    msrs: model.msrs ?? {},
    eflags:
      EFLAGS_386 |
      (has.has('i486') ? AC : 0) |
      (has.has('cpuid') ? ID : 0) |
      (has.has('vme') ? VIF | VIP : 0),
    cr0: has.has('i486') ? CR0_386 | CR0_486 : CR0_386,
    resetCr0: has.has('i486') && name !== UNNAMED_CPU ? CR0_ET | CR0_CACHES_OFF : CR0_ET,
    cr4: bitsOf(has, CR4_BITS),
    checksAlignment: has.has('i486') && name !== UNNAMED_CPU,
    revision,
    undefinedFlags: is386 ? 'as a 386' : revision >= 1 && family < 5 ? 'as an 80286' : 'as a Pentium',
    extendsSelectors: revision < 2,
    probesPreventedStores: revision < 2,
    shiftsBack: family >= 6 && revision >= 2,
    scalesLoneBase: is386,
    popsUpperEsp: is386,
    resumeFlag: name !== UNNAMED_CPU,
    resumesBreakpoints: family < 5,
    resetsRealCs: family < 5,
  };
}

const unknownWord = (text: string, { unknown, word }: UnknownWord): BadInput =>
  unknown === 'model'
    ? new BadInput(
        `${word}: no such processor`,
        `take one of ${CPU_MODELS.join(', ')}, with features to add or remove: pentium,+cmov`,
      )
    : new BadInput(
        `${text}: ${word} is not a feature to add or remove`,
        `write + or - before one of ${CPU_FEATURES.join(', ')}`,
      );

/**
 * Names of processors: `MODEL`, then features to add or remove, as in `pentium,+cmov`. This file checks the syntax;
 * recorder/machine/cpu/decode/models.ts defines the meaning.
 */

export const CPU_MODELS = ['386', '486', 'pentium', 'pentiumpro'] as const;

/** The processor of a trace that names none (version 0.1). */
export const UNNAMED_CPU = 'pentium-0.1';

export type CpuModel = (typeof CPU_MODELS)[number] | typeof UNNAMED_CPU;

/**
 * Features that a processor may have beyond a 386, named as in Linux's /proc/cpuinfo if it has a name. `i486` stands for what
 * the 486 added as a whole: BSWAP, XADD, CMPXCHG, INVLPG, INVD, WBINVD, EFLAGS.AC, CR0.WP, AM, NE, NW and CD; `tr` for the
 * test registers, which the Pentium no longer has: TR6 and TR7, with `i486` TR3 to TR5 too; `nopl` for NOP with an operand (0F 1F)
 * and the hint NOPs beside it (0F 18 to 1E); `sep` for SYSENTER and SYSEXIT, which no model has by default; `umov` for UMOV (0F 10 to
 * 13), which the Pentium no longer has.
 */
export const CPU_FEATURES = [
  'tr',
  'i486',
  'cpuid',
  'vme',
  'de',
  'pse',
  'tsc',
  'msr',
  'mce',
  'cx8',
  'pge',
  'cmov',
  'rdpmc',
  'nopl',
  'sep',
  'umov',
] as const;
export type CpuFeature = (typeof CPU_FEATURES)[number];

/** A name that `isProcessorName` accepts. */
export type ProcessorName = CpuModel | `${CpuModel},${string}`;

export interface ProcessorWords {
  readonly model: CpuModel;
  readonly toggles: readonly { readonly feature: CpuFeature; readonly added: boolean }[];
}

/** The invalid part of a name: the model, or a feature to add or remove. */
export interface UnknownWord {
  readonly unknown: 'model' | 'feature';
  readonly word: string;
}

/** The words of a name, or the first invalid one. */
export function processorWords(name: string): ProcessorWords | UnknownWord {
  const [first, ...rest] = name.split(',');
  const models: readonly CpuModel[] = [...CPU_MODELS, UNNAMED_CPU];
  const model = models.find((known) => known === first);
  if (model === undefined) return { unknown: 'model', word: first };
  const toggles: ProcessorWords['toggles'][number][] = [];
  for (const word of rest) {
    const feature = CPU_FEATURES.find((known) => known === word.slice(1));
    if (feature === undefined || !/^[+-]/.test(word)) return { unknown: 'feature', word };
    toggles.push({ feature, added: word[0] === '+' });
  }
  return { model, toggles };
}

/** Limit on the number of words: more than every feature once. */
const MAX_NAME = 256;

export const isProcessorName = (name: unknown): name is ProcessorName =>
  typeof name === 'string' && name.length <= MAX_NAME && 'model' in processorWords(name);

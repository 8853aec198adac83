/** The values meant by a trace that does not say, because it is older than the question. */

/** Its processor: that of version 0.1 (recorder/machine/cpu/decode/models.ts). */
export const UNNAMED_CPU = 'pentium-0.1';

/** Exit statuses of the process, for scripts; the same for every command. */
export const EXIT = {
  ok: 0,
  /** Findings, a check that failed, or a recorded guest that did. */
  findings: 1,
  /** Wrong usage or input that cannot be used; nothing was written. */
  badInput: 2,
  /** The replay diverged. */
  divergence: 3,
  /** An internal error (EX_SOFTWARE of BSD's sysexits.h). */
  internal: 70,
} as const;

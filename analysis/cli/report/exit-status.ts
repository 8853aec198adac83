/** Exit statuses of the process, for scripts; the same for every command. */
export const EXIT = {
  ok: 0,
  /** Findings, a check that failed, or a recorded guest that did. */
  findings: 1,
  /** Wrong usage or input that cannot be used; nothing was written. */
  badInput: 2,
  /** The replay is not the recorded run. */
  divergence: 3,
  /** A bug of ours (EX_SOFTWARE of BSD's sysexits.h). */
  internal: 70,
} as const;

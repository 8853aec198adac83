import { BSD_SYSTEM_CALLS } from './bsd-system-calls.ts';
import { LINUX_SYSTEM_CALLS } from './linux-system-calls.ts';
import type { GuestProfile } from './profile.ts';

/** Built-in profiles, for `--profile NAME`; docs/guest-profile.md describes their use. */

/** Through the call gate in slot 0 of each process's LDT: `lcall $7,$0` (LSYS5CALLS_SEL, i386/include/segments.h). */
const BY_GATE = { selector: 7, arguments: 'stack', names: BSD_SYSTEM_CALLS } as const;
/** Later programs use INT 80h, with the same numbers and arguments; older ones still use the gate. */
const BY_GATE_OR_INT = { ...BY_GATE, vector: 0x80 } as const;

export const BUILTIN_PROFILES: Readonly<Record<string, GuestProfile>> = {
  /** An unknown kernel. */
  none: { name: 'none' },
  /**
   * Linux on the i386: one half of each directory is the kernel's, and there is neither a recursive nor an alternate map:
   * tables are written through the direct map. `current` is per processor and changes after CR3, so process names are not read.
   */
  linux: { name: 'linux', systemCalls: { names: LINUX_SYSTEM_CALLS } },
  /**
   * xv6 for the x86 (MIT), versions 2012 to 2017, which use the 8259 if there is no MP table: struct cpu and
   * struct proc by proc.h. cpus[0].proc still names the last process when the scheduler takes up its own directory
   * (switchkvm, proc.c), so it is read on the return to user mode.
   */
  xv6: { name: 'xv6', process: { current: 'cpus+0xb8', pid: 16, comm: 108, afterCr3: true } },
  /**
   * 4.4BSD's pmap on the i386 as FreeBSD 2 and 3 have it (i386/include/pmap.h): PTDPTDI and APTDPTDI. The offsets in struct proc differ
   * between releases; add a `process` with them to a copy of this profile. cpu_switch clears curproc before it loads CR3 and sets it
   * after (i386/i386/swtch.s), so `afterCr3` is needed.
   */
  bsd44: { name: 'bsd44', recursiveSlot: 959, alternateSlot: 1023, systemCalls: BY_GATE_OR_INT },
  /**
   * FreeBSD 2.1 (1995): as bsd44, with struct proc by its sys/proc.h. Process 0 has the directory in which the kernel idles.
   */
  freebsd21: {
    name: 'freebsd21',
    recursiveSlot: 959,
    alternateSlot: 1023,
    process: { current: 'curproc', pid: 48, comm: 203, afterCr3: true },
    systemCalls: BY_GATE,
  },
  /**
   * OpenBSD on the i386 while it has PDSLOT_APTE (i386/include/pmap.h): the kernel at D0000000, so its recursive map lies below
   * that. struct proc differs from release to release.
   */
  openbsd: { name: 'openbsd', recursiveSlot: 831, alternateSlot: 1023, systemCalls: BY_GATE_OR_INT },
  /** 386BSD 1.0 (1994; include/i386/pmap.h, include/proc.h): the kernel at FE000000, ids of 16 bits. */
  '386bsd': {
    name: '386bsd',
    recursiveSlot: 1015,
    alternateSlot: 1023,
    process: { current: 'curproc', pid: 42, pidBytes: 2, comm: 160, afterCr3: true },
    systemCalls: BY_GATE,
  },
};

/**
 * Limits of what a reader accepts from a file, which may come from a stranger. Numbers in a file are checked against these limits before
 * they are used; docs/trace-format.md lists them. The recorder never comes near them, or enforces them too.
 */

/** Guest RAM and what is loaded into it (MachineConfig.ramBytes). */
export const MAX_RAM_BYTES = 256 * 2 ** 20;
/** Size of the machine's TLB area (MachineConfig.tlbEntries). */
export const MAX_TLB_ENTRIES = 1024;

/** A chunk is closed when one kind of event reaches this number of rows. */
export const MAX_TABLE_ROWS = 65536;
/** Bytes of a row before compression: more than the columns of any kind take, so that a later schema can add columns. */
export const MAX_ROW_BYTES = 128;
/** Tables in a chunk, including kinds that a later schema adds. */
export const MAX_TABLES = 64;
/** Minimum bytes in the file of a chunk or a checkpoint, including its entry in the footer. */
export const MIN_FRAME_BYTES = 32;

/**
 * Events of a trace: a fixed number, plus a number per byte of the file. Stores compress best, since a REP STOS that clears memory
 * repeats them.
 */
export const MAX_EVENTS = { any: 2 ** 21, perByte: 64 } as const;
export const MAX_STORES = { any: 2 ** 22, perByte: 1024 } as const;

/** Inputs that take no bytes of their own: those of one instant whose values are 0. */
export const UNBACKED_INPUTS = 16;

/** Components of a machine that have a hash or an area in a checkpoint. */
export const MAX_PARTS = 64;
/** Bytes of the name of a component. */
export const MAX_NAME_BYTES = 256;

/** Bytes of any text in a trace: a command line, a profile, a label. */
export const MAX_TEXT_BYTES = 2 ** 20;
export const MAX_LABELS = 64;
/** Multiboot modules or initrds. */
export const MAX_MODULES = 1024;
/** Windows of a guest profile, the pages of one, and its name in letters, digits and - _ . : */
export const MAX_WINDOWS = 64;
export const MAX_WINDOW_PAGES = 1024;
export const MAX_WINDOW_NAME = 32;
/** Requests for facts, and their probes: more than a kernel has functions. */
export const MAX_FACTS = 64;
export const MAX_PROBES = 65_536;
export const MAX_PROBES_AT_ONE_PLACE = 64;
/** Changes of a what-if. */
export const MAX_CHANGES = 4096;

/** Drives other than the first hard disk: three more ATA drives, two floppies. */
export const MAX_DRIVES = 5;
/** Sectors that 28 bits of an ATA command can address. */
export const MAX_DISK_SECTORS = 2 ** 28;
/** Bytes of all disks embedded in a trace: four of the largest size that the recorder embeds. */
export const MAX_EMBEDDED_BYTES = 2 ** 30 + 2 ** 24;
/** Bytes of one extent before compression. */
export const MAX_EXTENT_BYTES = 2 ** 16;

/** Bytes of a kernel or symbol file before compression: up to `any` plus `perByte` times its packed size. */
export const MAX_FILE = { any: 64 * 2 ** 20, perByte: 64, ever: 2 ** 30 } as const;
/** Bytes of a checkpoint's state before compression, likewise. */
export const MAX_STATE = { any: 4 * 2 ** 20, perByte: 256, ever: 2 ** 30 } as const;

/** Sectors of one drive that a checkpoint may list as changed. */
export const MAX_CHANGED_SECTORS = 2 ** 19;

/** Answers that a bundle must give, columns of an answer, and bytes of its rows. */
export const MAX_EXPECTATIONS = 1024;
export const MAX_ANSWER_COLUMNS = 1024;
/** Parameters of the query behind an answer. */
export const MAX_PARAMETERS = 8;
export const MAX_ANSWER_BYTES = 2 ** 26;

/** Bytes of a symbol's name, in any kind of file. */
export const MAX_SYMBOL_BYTES = 4096;

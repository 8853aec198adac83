/**
 * The most that a reader takes from a file, which may come from anyone. Numbers that a file gives are held to these before
 * anything is made of them; docs/trace-format.md lists them. What the recorder writes never comes near, or is held to the same.
 */

/** Guest RAM and what is loaded into it (MachineConfig.ramBytes). */
export const MAX_RAM_BYTES = 256 * 2 ** 20;
/** The machine keeps a place for so many (MachineConfig.tlbEntries). */
export const MAX_TLB_ENTRIES = 1024;

/** A chunk is closed when one kind of event has so many rows. */
export const MAX_TABLE_ROWS = 65536;
/** Bytes of a row, before compression: more than the columns of any kind take, so that a later schema may add some. */
export const MAX_ROW_BYTES = 128;
/** Tables in a chunk, with those of kinds that a later schema adds. */
export const MAX_TABLES = 64;
/** Bytes in the file that a chunk, or a checkpoint, takes at least, with its entry in the footer. */
export const MIN_FRAME_BYTES = 32;

/** Events of a trace: so many, and more for each byte of the file. Stores repeat most: a REP STOS clears memory by them. */
export const MAX_EVENTS = { any: 2 ** 21, perByte: 64 } as const;
export const MAX_STORES = { any: 2 ** 22, perByte: 1024 } as const;

/** Inputs that no byte of their own stands for: those of one instant whose values are 0. */
export const UNBACKED_INPUTS = 16;

/** Parts of a machine that have a hash, or an area in a checkpoint. */
export const MAX_PARTS = 64;
/** Of a part of a machine, bytes. */
export const MAX_NAME_BYTES = 256;

/** Any text of a trace: a command line, a profile, a label. Bytes. */
export const MAX_TEXT_BYTES = 2 ** 20;
export const MAX_LABELS = 64;
/** Multiboot modules or initrds. */
export const MAX_MODULES = 1024;
/** Windows of a guest profile, the pages of one, and its name in letters, digits and - _ . : */
export const MAX_WINDOWS = 64;
export const MAX_WINDOW_PAGES = 1024;
export const MAX_WINDOW_NAME = 32;
/** Requests for facts, and their probes on code: more than a kernel has functions. */
export const MAX_FACTS = 64;
export const MAX_PROBES = 65_536;
export const MAX_PROBES_AT_ONE_PLACE = 64;
/** Changes of a what-if. */
export const MAX_CHANGES = 4096;

/** Drives besides the first hard disk: three more on the cables, two floppies. */
export const MAX_DRIVES = 5;
/** Sectors that 28 bits of an ATA command can address. */
export const MAX_DISK_SECTORS = 2 ** 28;
/** All disks in the trace itself, bytes; a byte more than four of the largest that the recorder embeds would be too many. */
export const MAX_EMBEDDED_BYTES = 2 ** 30 + 2 ** 24;
/** Of one extent, bytes before compression. */
export const MAX_EXTENT_BYTES = 2 ** 16;

/** A kernel or a file of symbols, bytes before compression: up to `any`, or so many times what it takes packed. */
export const MAX_FILE = { any: 64 * 2 ** 20, perByte: 64, ever: 2 ** 30 } as const;
/** The state of a checkpoint, in the same way. */
export const MAX_STATE = { any: 4 * 2 ** 20, perByte: 256, ever: 2 ** 30 } as const;

/** Sectors of one drive that a checkpoint may say are others. */
export const MAX_CHANGED_SECTORS = 2 ** 19;

/** Answers that a bundle must give, their columns, and the rows of one, bytes. */
export const MAX_EXPECTATIONS = 1024;
export const MAX_ANSWER_COLUMNS = 1024;
/** Of the query that one answers. */
export const MAX_PARAMETERS = 8;
export const MAX_ANSWER_BYTES = 2 ** 26;

/** Symbols' names, in any kind of file, bytes. */
export const MAX_SYMBOL_BYTES = 4096;

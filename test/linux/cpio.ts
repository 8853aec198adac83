/** A cpio archive of the "newc" kind, as the kernel's Documentation/driver-api/early-userspace/buffer-format.rst tells it. */

export interface ArchiveEntry {
  /** Path without a leading slash. */
  readonly path: string;
  /** st_mode: type and permissions. */
  readonly mode: number;
  readonly bytes?: Uint8Array;
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number];
}

export const DIRECTORY = 0o040755;
export const PROGRAM = 0o100755;
export const LINK = 0o120777;
export const CHARACTER_DEVICE = 0o020600;

export function cpio(entries: readonly ArchiveEntry[]): Uint8Array {
  const parts = [...entries, { path: 'TRAILER!!!', mode: 0 }].flatMap((entry, n) => record(entry, n + 1));
  return Buffer.concat(parts);
}

function record({ path, mode, bytes, device }: ArchiveEntry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const fields = [
    inode,
    mode,
    0, // uid
    0, // gid
    1, // links
    0, // mtime
    bytes?.length ?? 0,
    0, // device of the file, major and minor
    0,
    device?.[0] ?? 0,
    device?.[1] ?? 0,
    name.length,
    0, // check: none in newc
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [padded(Buffer.concat([Buffer.from(header), name])), padded(bytes ?? Buffer.alloc(0))];
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

import { closeSync, mkdtempSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegularFile } from '../../../host/regular-file.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { isElf } from '../../../schemas/guest/symbol-file.ts';
import { BUILTIN_GUEST } from '../options/builtin-guest.ts';
import { plural, shellWord } from '../terminal/format.ts';
import { complain } from '../terminal/output.ts';
import { withDiscovered } from './discover-windows.ts';
import { recordWords } from './record-words.ts';

/** The run that `explore` starts from: a trace, or a guest that is recorded first. */
export interface Subject {
  /** The trace that is executed. */
  readonly file: string;
  /** The trace that was given or recorded; `file` may be one of the same run with more windows. */
  readonly origin: string;
  /** The trace, or the guest with its options, as given. */
  readonly name: string;
  /** Files that may be the disks that are not in the trace: it is not where they were recorded. */
  readonly disks: readonly string[];
  /** The command that makes the run again, with this option. */
  command(option: string, output: string): string;
  /** The command for a run that fails without one. */
  readonly unchanged: string;
  close(): void;
}

/** With a trace of the run in which every window is recorded, those that `check` discovers too. Undefined if Ctrl-C ended a recording. */
export async function openSubject(
  file: string,
  words: readonly string[] | undefined,
  disks: readonly string[],
): Promise<Subject | undefined> {
  const given = words || isGuest(file) ? await recorded(file, words ?? []) : ofTrace(file, disks);
  if (!given) return undefined;
  try {
    const found = await withDiscovered(given.file, given.disks);
    if (!found) return given;
    const { windows, left } = found;
    complain(
      `note: with ${plural(windows.length, 'window')} that no profile declares: ${windows.join(', ')}` +
        (left > 0 ? `; without ${plural(left, 'more mapping')} that interrupts changed` : ''),
    );
    return { ...given, file: found.file };
  } catch (error) {
    if (error instanceof BadInput) {
      complain(`note: without the windows that check discovers: ${error.message}`);
      return given;
    }
    given.close();
    throw error;
  }
}

/** True for the built-in guest and an ELF, which need no options to be taken for one. */
function isGuest(file: string): boolean {
  if (file === BUILTIN_GUEST) return true;
  const { fd } = openRegularFile(file);
  try {
    const start = new Uint8Array(4);
    readSync(fd, start);
    return isElf(start);
  } finally {
    closeSync(fd);
  }
}

const ofTrace = (file: string, disks: readonly string[]): Subject => ({
  ...{ file, origin: file, name: file, disks: disks.length > 0 ? disks : disksOf(file) },
  command: (option, output) => `rewind386 replay ${shellWord(file)} ${option} -o ${output}`,
  unchanged: `rewind386 check ${shellWord(file)}`,
  close() {},
});

/** Files that may be the disks that a trace leaves outside. */
function disksOf(file: string): readonly string[] {
  const reader = TraceReader.open(file);
  reader.close();
  const { disk, drives = [] } = reader.header;
  return [disk, ...drives.map(({ medium }) => medium)].flatMap((one) =>
    one?.base.kind === 'path' ? [one.base.path.raw, ...(one.base.files ?? [])] : [],
  );
}

/** Records a guest by these words of `record`; undefined if Ctrl-C ended that. */
async function recorded(guest: string, words: readonly string[]): Promise<Subject | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'rewind386-explore-'));
  const close = () => rmSync(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'run.r386');
    const disks = await recordWords([guest, ...words], file);
    if (!disks) {
      close();
      return undefined;
    }
    const name = [guest, ...words].map(shellWord).join(' ');
    const record = `rewind386 record ${name}`;
    return {
      ...{ file, origin: file, name, disks, close },
      command: (option, output) => `${record} ${option} -o ${output}`,
      unchanged: `${record} -o run.r386`,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Throws BadInput if nothing says where an interrupt matters. */
export function demandWindows({ file, name }: Subject): void {
  const reader = TraceReader.open(file);
  const { alternateSlot, windows = [] } = reader.header.profile;
  reader.close();
  if (alternateSlot >= 0 || windows.length > 0) return;
  throw new BadInput(
    `${name}: its profile declares no window, and none was discovered`,
    'declare one (docs/guest-profile.md#windows), or give --sql',
  );
}

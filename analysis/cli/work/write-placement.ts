import { VERSION } from '../../../host/tool-version.ts';
import { buildMachine } from '../../../recorder/machine/build.ts';
import { whatIf } from '../../what-if/what-if.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { parseChanges } from '../options/changes.ts';

/** Records a placement as the what-if that its command would make. */

export interface Placement {
  readonly file: string;
  /** `--schedule irq14=TO@FROM`. */
  readonly option: string;
  readonly path: string;
  readonly until: number;
  readonly disks: readonly string[] | undefined;
  /** Ends the recording where it is. */
  readonly signal?: AbortSignal | undefined;
}

export async function writePlacement({ file, option, path, until, disks, signal }: Placement): Promise<void> {
  const schedule = option.replace('--schedule ', '');
  const request = { inject: [], delay: [], poke: [], cli: [], schedule };
  await whatIf({
    path: file,
    output: path,
    changes: (recorded) => parseChanges(request, recorded),
    ...{ until, disks, builtinDisk, ...(signal ? { signal } : {}) },
    toolVersion: VERSION,
    build: buildMachine,
  });
}

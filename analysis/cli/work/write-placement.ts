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
}

export async function writePlacement({ file, option, path, until, disks }: Placement): Promise<void> {
  const schedule = option.replace('--schedule ', '');
  const request = { inject: [], delay: [], poke: [], cli: [], schedule };
  await whatIf({
    path: file,
    output: path,
    changes: (recorded) => parseChanges(request, recorded),
    ...{ until, disks, builtinDisk },
    toolVersion: VERSION,
    build: buildMachine,
  });
}

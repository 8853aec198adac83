import { buildMachine } from '../../../recorder/machine/build.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { Explorer } from '../../explore/explore.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import type { ExploredRun } from './explore-messages.ts';
import { openExaminer } from './open-examiner.ts';

/** A machine on the recorded run of a file, in this process. */
export const openExplorer = ({ file, disks, within, target, unpruned, scratch }: ExploredRun): Explorer =>
  new Explorer({
    ...{ reader: TraceReader.open(file, { disks }), build: buildMachine, builtinDisk },
    ...{ within, target, unpruned, examiner: openExaminer(target, scratch) },
  });

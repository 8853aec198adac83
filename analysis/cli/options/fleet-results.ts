import { BadInput } from '../../../schemas/bad-input.ts';
import { fleetViews } from '../../fleet/views.ts';
import { resultFiles, traceFiles } from './trace-files.ts';

/** Results of a fleet, named on the command line by the folder (docs/fleet.md). */

export interface FleetResults {
  readonly definitions: ReadonlyMap<string, string>;
  /** The files that these read. */
  readonly inputs: readonly string[];
}

export function fleetResults(words: readonly string[]): FleetResults {
  const inputs = resultFiles(words);
  if (inputs.length === 0) return { definitions: new Map(), inputs };
  // DuckDB would treat such a path as a pattern.
  const odd = inputs.find((file) => /[*?[\]]/.test(file));
  if (odd !== undefined)
    throw new BadInput(`${odd} has *, ? or [ in its name`, 'give the folder of the fleet another name');
  return { definitions: fleetViews(traceFiles(words), inputs), inputs };
}

import { BadInput } from '../../../schemas/bad-input.ts';
import { fleetViews } from '../../fleet/views.ts';
import type { NamedFiles } from './trace-files.ts';

/** Results of a fleet, named on the command line by the folder (docs/fleet.md). */

/** The views of the results, by name. */
export function fleetResults({ traces, results }: NamedFiles): ReadonlyMap<string, string> {
  if (results.length === 0) return new Map();
  // DuckDB would treat such a path as a pattern.
  const odd = results.find((file) => /[*?[\]]/.test(file));
  if (odd !== undefined)
    throw new BadInput(`${odd} has *, ? or [ in its name`, 'give the folder of the fleet another name');
  return fleetViews(traces, results);
}

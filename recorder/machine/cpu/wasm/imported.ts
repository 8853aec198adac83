import { HOST_CALLS } from './host-calls.ts';
import { REGION_TYPE } from './module.ts';

/** The functions that each region's module imports, by their numbers. */

export const ARITHMETIC_FUNCTION = 0;
export const CHAIN_FUNCTION = 1;
export const CHAIN_USER_FUNCTION = 2;
const FIRST_HOST_CALL = 3;

const hostCall = (name: (typeof HOST_CALLS)[number][0]): number =>
  FIRST_HOST_CALL + HOST_CALLS.findIndex(([of]) => of === name);
export const FILL_FUNCTION = hostCall('fill');
export const STORE_FUNCTION = hostCall('store');
export const INVLPG_FUNCTION = hostCall('invlpg');
export const TIME_STAMP_FUNCTION = hostCall('timeStamp');
export const LOAD_DIRECTORY_FUNCTION = hostCall('loadDirectory');

/** Their names and types, in order; `taking` is the type of a function with so many parameters. */
export const importedFunctions = (taking: (parameters: number) => number) => [
  { name: 'arithmetic', type: taking(4) },
  { name: 'chain', type: REGION_TYPE },
  { name: 'chainUser', type: REGION_TYPE },
  ...HOST_CALLS.map(([name, parameters]) => ({ name, type: taking(parameters) })),
];

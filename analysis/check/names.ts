import { CHECKS, type Check } from './catalog.ts';

/** Checks by the names that people type: that of the folder, without the number before it. */

export const shortName = ({ name }: Pick<Check, 'name'>): string => name.replace(/^\d+-/, '');

/** Undefined if there is none. `name`: with the number or without. */
export const checkNamed = (name: string): Check | undefined =>
  CHECKS.find((check) => check.name === name || shortName(check) === name);

import { windowEventTable } from './window-events.ts';

/** The table window_switches. */

export const windowSwitches = windowEventTable('window_switches', 'aptd_switches', {
  op: 'op',
  linear: 'linear',
  entry: (directory, slot) => directory + 4 * slot,
  page: (_directory, slot) => slot * 2 ** 22,
  old: 'old',
  new: 'new',
});

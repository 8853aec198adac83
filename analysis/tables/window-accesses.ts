import { windowEventTable } from './window-events.ts';

/** The table window_accesses. */

export const windowAccesses = windowEventTable('window_accesses', 'apt_accesses', {
  linear: 'linear',
  physical: 'physical',
  access: 'access',
  entry: (directory, slot) => directory + 4 * slot,
  fresh: 'apt',
  used: 'used',
  value: 'value',
  size: 'size',
});

import { callEntries } from './call-entries.ts';
import { callReturns } from './call-returns.ts';
import { consoleLines } from './console.ts';
import { contexts } from './contexts.ts';
import { controlWrites } from './control-writes.ts';
import { directoryOwners } from './directory-owners.ts';
import { exceptions } from './exceptions.ts';
import { failures } from './failures.ts';
import { ifChanges } from './if-changes.ts';
import { inputs } from './inputs.ts';
import { instructions } from './instructions.ts';
import { interrupts } from './interrupts.ts';
import { pagingWrites } from './paging-writes.ts';
import { portIo } from './port-io.ts';
import { probes } from './probes.ts';
import { withProcess } from './process-column.ts';
import { reads } from './reads.ts';
import { repeats } from './repeats.ts';
import { resets } from './resets.ts';
import { run } from './run.ts';
import { stackSwitches } from './stack-switches.ts';
import { stores } from './stores.ts';
import { structureChanges } from './structure-changes.ts';
import { symbols } from './symbols.ts';
import { systemCallNames } from './system-call-names.ts';
import { systemCallRows } from './system-call-rows.ts';
import type { TraceTable } from './table.ts';
import { withThread } from './thread-column.ts';
import { tlbEvents } from './tlb-events.ts';
import { windowAccesses } from './window-accesses.ts';
import { windowSwitches } from './window-switches.ts';
import { windows } from './windows.ts';

/** The list of all tables, and the version of what is kept of them. */

/** Every table a trace is seen as. Counted up when a table, column or rule of a table changes: caches made before are rebuilt. */
export const TABLES_VERSION = 13;

const tables: readonly TraceTable[] = [
  run,
  pagingWrites,
  controlWrites,
  windowSwitches,
  windowAccesses,
  tlbEvents,
  interrupts,
  exceptions,
  stackSwitches,
  stores,
  contexts,
  directoryOwners,
  consoleLines,
  repeats,
  resets,
  callEntries,
  callReturns,
  instructions,
  reads,
  ifChanges,
  portIo,
  systemCallRows,
  structureChanges,
  inputs,
  failures,
  windows,
  probes,
  systemCallNames,
  symbols,
];

export const TABLES: readonly TraceTable[] = tables.map(withThread).map(withProcess);

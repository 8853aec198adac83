// Writes a trace with events of every kind, more than half of them of paging: a recording of the built-in guest in which an interrupt
// hijacks the alternate map, its last 24,000 instructions with all that a replay can record, repeated.
// usage: node test/bench/make-facts.mjs FILE EVENTS     prints {copies, length}
import { rmSync } from 'node:fs';
import { runTool } from './measure.mjs';
import { repeatTrace } from './repeat-trace.mjs';

const [file, count] = process.argv.slice(2);
const [recorded, model] = [`${file}.recorded`, `${file}.model`];
const DETAILS = ['stores', 'calls', 'instructions', 'reads', 'if_changes', 'port_io', 'system_calls'];
const WINDOWS = [
  { name: 'spl', word: 'intr_mask' },
  { name: 'cr3', register: 'cr3' },
];

runTool(['record', '--workload', 'ftpd', '--kernel', 'buggy', '--seed', '117', '-q', '-o', recorded], [1]);
runTool([
  ...['replay', recorded, '--from', '22690000', '-o', model],
  ...DETAILS.flatMap((detail) => ['--detail', detail]),
  ...['--trace', 'pmap_enter: pmap, va, pa'],
  ...WINDOWS.flatMap((window) => ['--window', JSON.stringify(window)]),
]);
console.log(JSON.stringify(repeatTrace(model, file, Number(count))));
for (const path of [recorded, model]) rmSync(path);

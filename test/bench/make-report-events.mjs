// Writes a trace of made-up events of the kinds that a report draws: page-table writes, CR3 loads, page faults, interrupts, and switches of
// the alternate map, as a kernel that forks and faults makes them.
// usage: node test/bench/make-report-events.mjs FILE EVENTS
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runScript } from './measure.mjs';
import { repeatTrace } from './repeat-trace.mjs';

const [file, count] = process.argv.slice(2);
const model = `${file}.model`;
const recording = ['fixed', 'ftpd', '1', 'paging', model, '100', 'off', '20e6'];
runScript(join(import.meta.dirname, 'record-guest.mjs'), recording);
repeatTrace(model, file, Number(count));
rmSync(model);

// One question to the index of stores in a new process: prints milliseconds from opening the index to the answer.
// usage: node test/bench/who-wrote-once.mjs TRACE PHYSICAL BYTES BEFORE
import { product } from './measure.mjs';

const { StoreIndex } = await product('analysis/db/store-index.js');

const [trace, ...numbers] = process.argv.slice(2);
const start = performance.now();
const index = StoreIndex.openIfCurrent(trace, {});
index.look(...numbers.map(Number));
index.close();
console.log(JSON.stringify({ milliseconds: performance.now() - start }));

// The memory accesses of paging.elf on the MMU alone, without a CPU: what translation, TLB and recording cost.
// usage: npm run build && node test/bench/mmu.mjs [off|paging] [ROWS_PER_BATCH]
import { product } from './measure.mjs';

const { allocateMemory, FAST_PATH, RAM } = await product('recorder/machine/layout.js');
const { DEFAULT_CONFIG, NO_PROFILE } = await product('recorder/machine/config.js');
const { BATCH_ROWS, EventLog } = await product('recorder/machine/events/event-log.js');
const { bytesForRows } = await product('recorder/machine/events/row-buffers.js');
const { Mmu } = await product('recorder/machine/mmu/mmu.js');

const [detail = 'paging', rows = BATCH_ROWS] = process.argv.slice(2);
const mem = allocateMemory(16 << 20, 0, bytesForRows(Number(rows)));
const { view, u32 } = mem;

/** Registers only, in CPU_STATE. */
class Cpu {
  time = new Float64Array(mem.memory.buffer, 0, 1);
  words = new Int32Array(mem.memory.buffer, 64, 4);
  eip = 0x100000;
  cpl = 0;
  depth = 0;
  frameId = 0;
  get icount() {
    return this.time[0];
  }
  get cr0() {
    return this.words[0];
  }
  set cr0(value) {
    this.words[0] = value;
  }
  get cr3() {
    return this.words[3];
  }
  set cr3(value) {
    this.words[3] = value;
  }
  cr2 = 0;
  cr4 = 0;
  fault(vector) {
    throw new Error(`fault ${vector}`);
  }
  dropFetchLatch() {}
  codeWritten() {}
}

const counts = {};
const sink = {
  flush({ tables }) {
    for (const kind of Object.keys(tables)) counts[kind] = (counts[kind] ?? 0) + tables[kind].count;
  },
};
const cpu = new Cpu();
const log = detail === 'off' ? null : new EventLog(mem, cpu, sink, Number(rows));
const mmu = new Mmu(mem, { ...DEFAULT_CONFIG, detail }, NO_PROFILE, cpu, log);

// common.inc: 16 MB mapped to itself, a window of 1024 pages at 1 GB.
const directory = 0x200000;
const window = 0x210000;
const poke = (physical, value) => view.setInt32(RAM + physical, value, true);
for (let table = 0; table < 4; table++) poke(directory + table * 4, (directory + (table + 1) * 4096) | 3);
for (let page = 0; page < 4096; page++) poke(directory + 4096 + page * 4, (page << 12) | 3);
poke(directory + 256 * 4, window | 3);
for (let page = 0; page < 1024; page++) {
  poke(window + page * 4, (0x800000 + page * 4096) | 3);
  poke(0x800000 + page * 4096, Math.imul(page, 0x01010101));
}
mmu.setCr3(directory);
mmu.setCr0(0x80000001 | 0);

function read(linear) {
  const slot = u32[(FAST_PATH >>> 2) + (linear >>> 12)];
  if (slot & 1) return view.getInt32((slot & ~0xfff) + (linear & 0xfff), true);
  return mmu.readSlow(linear, 4, 0);
}

function write(linear, value) {
  const slot = u32[(FAST_PATH >>> 2) + (linear >>> 12)];
  if (slot & 2) view.setInt32((slot & ~0xfff) + (linear & 0xfff), value, true);
  else mmu.writeSlow(linear, 4, value, 0);
}

/** paging.asm, loop1. */
function iterate(n, esi, ebp) {
  for (let ecx = n; ecx > 0; ecx--) {
    cpu.time[0] += 26;
    esi = (Math.imul(esi, 1103515245) + 12345) | 0;
    let eax = esi >>> 10;
    const ebx = (((eax >>> 2) & 0x3ff000) + 0x800003) | 0;
    eax &= 0x3ff;
    write(window + eax * 4, ebx);
    eax <<= 12;
    if (ecx & 3) mmu.invlpg(0x40000000 + eax);
    else mmu.setCr3(cpu.cr3);
    const edx = (read(0x40000000 + eax) + esi) | 0;
    write(0x40000000 + eax, edx);
    ebp ^= edx;
    eax ^= 0x155000;
    ebp = (ebp + read(0x40000000 + eax)) | 0;
    eax ^= 0x2aa000;
    ebp = (ebp + read(0x40000000 + eax)) | 0;
  }
  return [esi, ebp];
}

const ROUND = 500_000;
const times = [];
let state = [1, 0];
for (let round = 0; round < 10; round++) {
  const start = performance.now();
  state = iterate(ROUND, ...state);
  times.push(((performance.now() - start) * 1e6) / ROUND);
}
log?.flush();
times.sort((a, b) => a - b);
const checksum = (state[1] >>> 0).toString(16).toUpperCase();
console.log(
  JSON.stringify({
    detail,
    rows: Number(rows),
    nsPerIteration: { best: Math.round(times[0]), median: Math.round(times[5]) },
    checksum,
    events: Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0)),
  }),
);
if (checksum !== '9CC673F2') {
  console.error('wrong checksum: paging.elf prints 9CC673F2');
  process.exit(1);
}

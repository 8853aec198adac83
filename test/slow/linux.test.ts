import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runBuilt } from '../linux/built-cli.ts';
import { type DebianFiles, debianFiles } from '../linux/debian.ts';
import { initramfs } from '../linux/initramfs.ts';

/** Debian's i386 kernel, as it is packaged, to a busybox shell in which somebody types. */

const debian = debianFiles();
if (!debian) console.warn('linux: skipped, no Debian packages here (.ci/run says which)');

const SCRIPT = `timeout 6G
expect "READY"
expect "# "
send "busybox insmod /module.ko; uname -rm\\n"
expect "# "
send "echo $((6 * 7)) answers; cat /proc/cpuinfo | head -n 5\\n"
expect "42 answers"
expect "# "
send "for i in 1 2 3; do echo round $i | cat; done\\n"
expect "round 3"
expect "# "
send "poweroff -f\\n"
`;

/** Records the kernel with what is typed into its shell, on the processor given. */
function recorded(folder: string, cpu: string): string {
  const path = (name: string) => join(folder, name);
  const { busybox, module } = debian as DebianFiles;
  writeFileSync(path('initrd'), initramfs(busybox, undefined, [{ path: 'module.ko', bytes: module }]));
  writeFileSync(path('script'), SCRIPT);
  const append =
    'console=ttyS0 noapic nolapic acpi=off pci=off nokaslr mitigations=off cryptomgr.notests quiet';
  const { stdout, status } = runBuilt(
    ...['record', debian?.kernel as string, '--initrd', path('initrd'), '--append', append],
    ...['--ram', '64', '--mips', '50', '--cpu', cpu, '--script', path('script')],
    ...['-n', '8G', '-q', '-o', path('linux.r386')],
  );
  expect(status).toBe(0);
  expect(stdout[1]).toMatch(/halted forever/);
  return path('linux.r386');
}

afterAll(() => debian?.remove());

/**
 * Page-table writes by what entered the kernel last under the same directory, of a process with one thread what it is in: how many
 * after a call for which the condition holds, and how many of them that the tables have outside any.
 */
const WRITES_INSIDE = (call: string) => `
  WITH entries AS (
    SELECT seq, cr3, ${call} AS call FROM interrupts WHERE interrupted_cpl = 3
    UNION ALL SELECT seq, cr3, false FROM exceptions WHERE cpl = 3
    UNION ALL SELECT seq, cr3, false FROM stack_switches WHERE reason = 'iret'
  )
  SELECT count(*)::INTEGER, count(*) FILTER (w.depth = 0 OR w.frame_id = 0)::INTEGER
  FROM paging_writes w ASOF JOIN entries e ON e.cr3 = w.cr3 AND e.seq <= w.seq
  WHERE e.call AND w.source <> 'adopt'`;
const WRITES_BEYOND = `SELECT count(*)::INTEGER FROM paging_writes w LEFT JOIN interrupts i ON i.id = w.frame_id
  WHERE w.frame_id > 0 AND (i.id IS NULL OR w.seq < i.seq OR w.seq > i.iret_seq)`;
const CALLS = (call: string) => `
  SELECT count(*)::INTEGER, count(*) FILTER (reached = 1)::INTEGER,
    count(*) FILTER (iret_icount IS NULL AND abandoned_icount IS NULL)::INTEGER
  FROM interrupts WHERE ${call}`;

describe.skipIf(!debian)("Debian's Linux", () => {
  const folder = mkdtempSync(join(tmpdir(), 'r386-linux-'));
  const path = (name: string) => join(folder, name);
  const trace = path('linux.r386');
  let db: TraceDatabase;
  let console = '';

  beforeAll(async () => {
    recorded(folder, 'pentium,+cmov');
    db = await TraceDatabase.open([trace], { cache: false });
    const rows = await db.query("SELECT line FROM console WHERE port = 'com1' ORDER BY icount, seq");
    console = rows.getRows().join('\n');
  });

  afterAll(() => {
    db?.close();
    rmSync(folder, { recursive: true });
  });

  it('boots to a shell that answers', () => {
    expect(console).toMatch(/READY/);
    expect(console).toMatch(/\d+\.\d+\.\d+-\d+-686 i[3-6]86/);
    expect(console).toMatch(/42 answers/);
    expect(console).toMatch(/vendor_id\s*: GenuineIntel/);
    expect(console).toMatch(/round 1\nround 2\nround 3/);
  });

  it('replays bit for bit, with the processes and functions that its own memory names', async () => {
    const named = path('named.r386');
    const { status, stdout, stderr } = runBuilt('replay', trace, '--profile', 'linux', '-o', named);
    expect(stderr).toEqual([]);
    expect(status).toBe(0);
    expect(stdout[0]).toMatch(/the final state agree/);
    const other = await TraceDatabase.open([named], { cache: false });
    try {
      const comms = (await other.query('SELECT DISTINCT comm FROM process_slices')).getRowsJson().flat();
      expect(comms).toEqual(expect.arrayContaining(['init', 'sh']));
      const [[pids, oldest]] = (
        await other.query(
          'SELECT count(DISTINCT pid)::INTEGER, min(pid)::INTEGER FROM process_slices WHERE pid > 0',
        )
      ).getRowsJson();
      expect([Number(pids) > 5, oldest]).toEqual([true, 1]);
      const [[process, code]] = (
        await other.query(
          'SELECT owner_text(run_id, cr3, icount), symbol(run_id, eip) FROM exceptions WHERE vector = 14 AND cpl = 0 ORDER BY seq DESC LIMIT 1',
        )
      ).getRowsJson();
      expect(process).toMatch(/^\w[\w./-]*\[\d+\]$/);
      expect(code).toMatch(/^[a-z_]/);
      const threads = (await other.query('SELECT comm, pid, is_kernel FROM threads')).getRowsJson();
      expect(threads).toEqual(
        expect.arrayContaining([
          ['kthreadd', 2, true],
          ['ksoftirqd/0', expect.any(Number), true],
          ['init', 1, false],
        ]),
      );
    } finally {
      other.close();
    }
    // In a map as the linker writes it the variable is in the image; the trace says how far that of the processor lies from there.
    expect(runBuilt('symbols', trace, '-o', path('own.map')).status).toBe(0);
    const [, own] = /^([0-9a-f]{8}) D current_task$/m.exec(readFileSync(path('own.map'), 'latin1')) ?? [];
    const reader = TraceReader.open(named);
    const { perCpuOffset = 0 } = reader.header.guest;
    reader.close();
    const inImage = (Number.parseInt(own, 16) - perCpuOffset) >>> 0;
    expect([perCpuOffset > 0, inImage >= 0xc1000000 && inImage < 0xc3000000]).toEqual([true, true]);
    const bounds = { __per_cpu_start: inImage - 4096, current_task: inImage, __per_cpu_end: inImage + 4096 };
    const map = Object.entries(bounds).map(([name, address]) => `${address.toString(16)} D ${name}\n`);
    writeFileSync(path('linked.map'), map.join(''));
    const sql = "SELECT hex32(address) AS address FROM symbols WHERE name = 'current_task'";
    const asked = runBuilt('query', named, '--symbols', path('linked.map'), '--sql', sql, '--format', 'csv');
    expect(asked.stdout).toEqual(['address', own]);
    const checked = runBuilt('check', named, '--no-replay');
    expect(checked.stderr).toEqual([]);
  });

  describe('system calls by INT 80h', () => {
    const ask = async (sql: string) => (await db.query(sql)).getRowsJson();

    it('reach their handlers and return', async () => {
      const [[calls, reached, open]] = await ask(CALLS('vector = 128'));
      expect(Number(calls)).toBeGreaterThan(400);
      // Those that sleep when the run ends, and those that exit.
      expect(Number(open)).toBeLessThan(20);
      expect(Number(reached)).toBeGreaterThan(Number(calls) - 40);
    });

    it('have every page-table write that is made inside them', async () => {
      const rows = await ask(WRITES_INSIDE('vector = 128'));
      expect(Number(rows[0][0])).toBeGreaterThan(5000);
      expect(rows[0][1]).toBe(0);
    });

    it('and no other', async () => {
      const [[beyond]] = await ask(WRITES_BEYOND);
      expect(beyond).toBe(0);
    });
  });

  it('tells its symbols, and those of its module', () => {
    const { status, stdout } = runBuilt('symbols', trace, '-o', path('System.map'));
    expect(status).toBe(0);
    expect(stdout[0]).toMatch(/symbols, also of the modules crc_itu_t$/);
    const map = readFileSync(path('System.map'), 'latin1');
    expect(map).toMatch(/^c[0-9a-f]{7} T pgd_alloc$/m);
    expect(map).toMatch(/^c[0-9a-f]{7} D init_task$/m);
    // A per-CPU variable: not in the image, where its symbol is.
    expect(map).toMatch(/^c[2-7][0-9a-f]{6} D current_task$/m);
    expect(map).toMatch(/^[c-f][0-9a-f]{7} [tT] crc_itu_t\t\[crc_itu_t\]$/m);
  });
});

describe.skipIf(!debian)("Debian's Linux, with SYSENTER", () => {
  it('calls by it, and each call has its page-table writes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'r386-linux-'));
    const trace = recorded(folder, 'pentiumpro,+sep');
    expect(runBuilt('replay', trace).status).toBe(0);
    const db = await TraceDatabase.open([trace], { cache: false });
    try {
      const ask = async (sql: string) => (await db.query(sql)).getRowsJson()[0].map(Number);
      const [calls, reached, open] = await ask(CALLS("source = 'sysenter'"));
      expect(calls).toBeGreaterThan(600);
      expect(open).toBeLessThan(20);
      expect(reached).toBeGreaterThan(calls - 40);
      const [inside, missed] = await ask(WRITES_INSIDE("source = 'sysenter'"));
      expect(inside).toBeGreaterThan(5000);
      // Kernel threads that borrow the directory of a process that sleeps in a call.
      expect(missed).toBeLessThan(5);
      expect(await ask(WRITES_BEYOND)).toEqual([0]);
    } finally {
      db.close();
      rmSync(folder, { recursive: true });
    }
  });
});

/** Behind the first timer interrupts, and before the kernel starts its init. */
const FIRST_TICKS = '2430M';

describe.skipIf(!debian)("Debian's Linux, whose timing varies", () => {
  it('has other timer interrupts by each seed, and replays', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'r386-linux-'));
    const ticksOf = async (seed: string) => {
      const trace = join(folder, `${seed}.r386`);
      const { status, stderr } = runBuilt(
        ...['record', debian?.kernel as string, '--append', 'console=ttyS0 noapic nolapic acpi=off pci=off'],
        ...['--ram', '64', '--mips', '50', '--cpu', 'pentium,+cmov', '--seed', seed, '--jitter', '10'],
        ...['-n', FIRST_TICKS, '-q', '-o', trace],
      );
      expect([status, stderr]).toEqual([0, []]);
      const db = await TraceDatabase.open([trace], { cache: false });
      try {
        const rows = await db.query('SELECT icount FROM interrupts WHERE irq = 0 ORDER BY seq');
        return rows.getRowsJson().flat().map(Number);
      } finally {
        db.close();
      }
    };
    const [first, second] = [await ticksOf('1'), await ticksOf('2')];
    expect([first.length, second.length].map((ticks) => ticks > 50)).toEqual([true, true]);
    // Of so many some may fall together.
    expect(second.filter((icount) => first.includes(icount)).length).toBeLessThan(first.length / 10);
    const { status, stdout } = runBuilt('replay', join(folder, '1.r386'));
    expect([status, stdout[0]]).toEqual([0, expect.stringMatching(/the final state agree/)]);
    rmSync(folder, { recursive: true });
  });
});

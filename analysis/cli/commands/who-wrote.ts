import type { Argv } from 'yargs';
import type { Run } from '../../../replayer/store-index/last-writer.ts';
import { formatResult, TEXT_FORMATS, type TextFormat } from '../../db/results.ts';
import { commandSql } from '../../sql/catalog.ts';
import { checkInMemory, entriesOf, parseRange, physicalRanges, type Range } from '../options/asked-memory.ts';
import { DISKS } from '../options/disk-option.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { symbolsOf } from '../options/guest-symbols.ts';
import { parseIcount } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { EXIT } from '../report/exit-status.ts';
import { traceLength } from '../report/trace-length.ts';
import { hex8, shellWord } from '../terminal/format.ts';
import { printLines, terminalWidth } from '../terminal/output.ts';
import { machineAt } from '../work/machine-at.ts';
import { openDatabase } from '../work/open-database.ts';
import { openStoreIndex } from '../work/open-store-index.ts';

/** `rewind386 who-wrote`: finds the last writer of memory by the index of stores. */
export const addWhoWrote = (cli: Argv): Argv =>
  cli.command(
    'who-wrote <file> [range]',
    'find the last writer of each byte of memory',
    options,
    async ({ file, ...question }) => {
      process.exitCode = EXIT.ok;
      await tellDivergence(file, () => whoWrote(file, question));
    },
  );

interface Question {
  readonly range: string | undefined;
  readonly linear: boolean;
  readonly pteOf: string | undefined;
  readonly before: string | undefined;
  readonly format: string;
  readonly json: boolean;
  readonly disk: readonly string[];
  readonly symbols?: string | undefined;
  readonly profile?: string | undefined;
}

async function whoWrote(file: string, question: Question): Promise<void> {
  const { before, json, disk } = question;
  const format = (json ? 'json' : question.format) as TextFormat;
  const end = traceLength(file);
  const instant = before === undefined ? end : parseIcount(before, '--before', { file, end });
  const ranges = await rangesOf(file, question, instant);
  const index = await openStoreIndex(file, disk);
  try {
    const runs: Run[] = [];
    for (const range of ranges) {
      checkInMemory(range, index.ramBytes);
      runs.push(...(await index.find(range.start, range.bytes, instant)));
    }
    const db = await openDatabase([file], { names: givenNames(question) });
    try {
      const result = await db.query(commandSql('last-writers'), { writes: rowsOf(runs) });
      printLines(formatResult(result, format, { width: terminalWidth() }));
      if (format === 'table') printLines(nextStep(file, runs));
    } finally {
      db.close();
    }
  } finally {
    index.close();
  }
}

/** The requested physical ranges; linear addresses are mapped as at `instant`. */
async function rangesOf(
  file: string,
  { range, linear, pteOf, disk, ...naming }: Question,
  instant: number,
): Promise<readonly Range[]> {
  const symbols = () => symbolsOf(file, givenNames(naming));
  if (pteOf !== undefined) {
    const { start } = parseRange(pteOf, symbols);
    return entriesOf(await machineAt(file, instant, disk), start);
  }
  const asked = parseRange(range as string, symbols);
  return linear || asked.isSymbol
    ? physicalRanges(await machineAt(file, instant, disk), asked, '--before')
    : [asked];
}

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .positional('range', {
      type: 'string',
      describe:
        'physical addresses: START (4 bytes), START+LENGTH or START-END (exclusive); or SYMBOL[+OFFSET] of the kernel',
    })
    .options({
      before: {
        type: 'string',
        requiresArg: true,
        describe: 'memory before the instruction at this icount (default: at the end of the run)',
      },
      ...NAMING_OPTIONS,
      linear: {
        type: 'boolean',
        default: false,
        describe: 'the range is linear, mapped by the directory in force at that icount',
      },
      'pte-of': {
        type: 'string',
        requiresArg: true,
        describe: 'instead of a range: the PDE and the PTE that map this linear address or symbol',
      },
      format: { choices: TEXT_FORMATS, default: 'table', describe: 'format of the result' },
      json: { type: 'boolean', default: false, describe: 'the same as --format json' },
      ...DISKS,
    })
    .check(({ range, pteOf }) => {
      if ((range === undefined) === (pteOf === undefined))
        throw new Error('which memory? give a range or a symbol, or --pte-of ADDRESS');
      return true;
    })
    .example('$0 who-wrote run.r386 0x5c7ef8', 'the last store to a page directory entry')
    .example('$0 who-wrote run.r386 kmap_pt', 'a variable of the kernel')
    .example('$0 who-wrote run.r386 --pte-of 0xefbfe000', 'who mapped an address')
    .example('$0 who-wrote run.r386 0x5c7000+4096 --before 20M', 'a whole page, at an instant')
    .epilogue(
      'The first question executes the trace once more to build an index of its stores (in the cache folder); later ones read the index.',
    );

/** The answer as rows for `last-writers`, in order. Only writes by code have an EIP. */
function rowsOf(runs: readonly Run[]): string {
  const rows = runs.map(({ physical, bytes, last }, n) => {
    if (last.kind !== 'write') return { n, physical, bytes, source: 'never written' };
    const { source, icount, physical: start, size, eip, cr3, depth, linear } = last.write;
    const byProgram = source === 'store' || source === 'accessed_dirty';
    return {
      n,
      physical,
      bytes,
      source,
      icount,
      start,
      size,
      ...(byProgram ? { eip, cr3, depth, linear } : {}),
    };
  });
  return JSON.stringify(rows);
}

/** The commands that show the newest write and the stores around it. */
function nextStep(file: string, runs: readonly Run[]): string[] {
  const writes = runs.flatMap(({ last }) => (last.kind === 'write' ? [last.write] : []));
  if (writes.length === 0) return [`next: rewind386 info ${shellWord(file)}`];
  const newest = writes.reduce((a, b) => (b.icount > a.icount ? b : a));
  return [
    `next: rewind386 who-wrote ${shellWord(file)} 0x${hex8(newest.physical)}+${newest.size} --before ${newest.icount}`,
  ];
}

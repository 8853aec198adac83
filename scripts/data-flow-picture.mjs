// The picture of docs/data-flow.md, as SVG: how a store, an input and an SQL text go through the files. It is legible on light
// and on dark: its own background follows the reader's setting. `npm run docs` writes it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const WIDTH = 1000;
const HEIGHT = 610;

/** Boxes: what happens, and the file where it does. */
const BOX_WIDTH = 200;
const BOX_HEIGHT = 50;
const box = (x, y, title, file, width = BOX_WIDTH) => ({ x, y, width, height: BOX_HEIGHT, title, file });

const boxes = {
  outside: box(40, 60, 'seed, script, keys, disks', 'recorder/capture/input/'),
  draws: box(40, 150, 'draws and inputs, logged', 'recorder/capture/logging-nondet.ts'),
  cpu: box(280, 60, "a guest's store", 'recorder/machine/cpu/interpreter/interpreter.ts'),
  fast: box(280, 150, 'most pages: straight to RAM', 'recorder/machine/mmu/fast-path.ts'),
  mmu: box(520, 60, 'a tracked page: through the MMU', 'recorder/machine/mmu/short-path.ts'),
  log: box(520, 150, 'a row of its kind of event', 'recorder/machine/events/event-log.ts'),
  writer: box(760, 150, 'chunks, compressed', 'recorder/capture/trace-writer.ts'),
  trace: {
    x: 40,
    y: 254,
    width: 920,
    height: 56,
    title: 'trace: header · chunks of events, inputs and state hashes · footer',
    file: 'schemas/trace/trace.proto',
  },
  given: box(40, 364, 'the same draws and inputs', 'replayer/verify/logged-nondet.ts'),
  machine: box(40, 454, 'the same machine', 'recorder/machine/machine.ts'),
  compared: box(280, 454, 'every event compared', 'replayer/verify/event-check.ts'),
  reader: box(520, 364, 'chunks, decoded', 'replayer/trace/trace-reader.ts'),
  tables: box(520, 454, 'columns as Arrow', 'analysis/tables/event-table.ts'),
  sql: box(760, 364, 'SQL text', 'analysis/db/statement.ts'),
  database: box(760, 454, 'DuckDB', 'analysis/db/trace-database.ts'),
  result: box(760, 540, 'rows on the screen', 'analysis/db/results.ts'),
};

const side = {
  top: ({ x, y, width }) => [x + width / 2, y],
  bottom: ({ x, y, width, height }) => [x + width / 2, y + height],
  left: ({ x, y, height }) => [x, y + height / 2],
  right: ({ x, y, width, height }) => [x + width, y + height / 2],
};
const below = ({ x, width }, of) => [x + width / 2, of.y];
const above = ({ x, width }, of) => [x + width / 2, of.y + of.height];

/** Arrows by what flows: a store, an input, a query. */
const arrows = [
  ['input', side.bottom(boxes.outside), side.top(boxes.draws)],
  ['input', [240, 162], [280, 100]],
  ['input', side.bottom(boxes.draws), below(boxes.draws, boxes.trace)],
  ['store', side.bottom(boxes.cpu), side.top(boxes.fast)],
  ['store', side.right(boxes.cpu), side.left(boxes.mmu)],
  ['store', side.bottom(boxes.mmu), side.top(boxes.log)],
  ['store', side.right(boxes.log), side.left(boxes.writer)],
  ['store', side.bottom(boxes.writer), below(boxes.writer, boxes.trace)],
  ['input', above(boxes.given, boxes.trace), side.top(boxes.given)],
  ['input', side.bottom(boxes.given), side.top(boxes.machine)],
  ['store', side.right(boxes.machine), side.left(boxes.compared)],
  ['store', above(boxes.compared, boxes.trace), side.top(boxes.compared)],
  ['store', above(boxes.reader, boxes.trace), side.top(boxes.reader)],
  ['store', side.bottom(boxes.reader), side.top(boxes.tables)],
  ['store', side.right(boxes.tables), side.left(boxes.database)],
  ['query', side.bottom(boxes.sql), side.top(boxes.database)],
  ['query', side.bottom(boxes.database), side.top(boxes.result)],
];

const titles = [
  [40, 40, 'Recording'],
  [40, 346, 'Replay'],
  [520, 346, 'Analysis'],
];
const key = [
  [280, 'store', 'from a store to a row'],
  [480, 'input', 'from an input to its replay'],
  [700, 'query', 'from SQL text to a table'],
];

const STYLE = `
  .paper { fill: #ffffff } .box { fill: #f3f5f8; stroke: #8b949e } .title { fill: #1f2328 } .file { fill: #59636e }
  .store { stroke: #0969da; fill: #0969da } .input { stroke: #bc4c00; fill: #bc4c00 } .query { stroke: #1a7f37; fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } .box { fill: #1c2128; stroke: #6e7681 } .title { fill: #e6edf3 } .file { fill: #9da7b3 }
    .store { stroke: #58a6ff; fill: #58a6ff } .input { stroke: #f0883e; fill: #f0883e } .query { stroke: #56d364; fill: #56d364 }
  }
  text { stroke: none; font: 13px sans-serif } .file { font: 11px monospace } .head { font: bold 14px sans-serif }
  line { stroke-width: 1.6 }`;

/** The picture. Throws an Error for a file that is not there. */
export function dataFlowPicture() {
  for (const { file } of Object.values(boxes))
    if (!existsSync(fileURLToPath(new URL(`../${file}`, import.meta.url))))
      throw new Error(`no such file: ${file}`);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">\n` +
    `<title>How a store, an input and an SQL text go through the files</title>\n<style>${STYLE}\n</style>\n` +
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="8"/>\n` +
    [
      ...titles.map(([x, y, text]) => `<text class="title head" x="${x}" y="${y}">${text}</text>`),
      ...key.map(
        ([x, kind, text]) =>
          `${line(kind, [x, 35], [x + 24, 35])}\n<text class="title" x="${x + 34}" y="40">${text}</text>`,
      ),
      ...Object.values(boxes).map(drawBox),
      ...arrows.map(([kind, from, to]) => line(kind, from, to)),
    ].join('\n') +
    '\n</svg>\n'
  );
}

/** Of a long path the last folder and the name, which is all that fits. */
const short = (file) =>
  file
    .split('/')
    .filter((part) => part !== '')
    .slice(-2)
    .join('/');

function drawBox({ x, y, width, height, title, file }) {
  const middle = x + width / 2;
  return (
    `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="5"/>\n` +
    `<text class="title" x="${middle}" y="${y + 21}" text-anchor="middle">${title}</text>\n` +
    `<text class="file" x="${middle}" y="${y + 39}" text-anchor="middle">${short(file)}</text>`
  );
}

/** A line with a head at its end. */
function line(kind, [x1, y1], [x2, y2]) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [bx, by] = [x2 - 9 * dx, y2 - 9 * dy];
  const points = [
    [x2, y2],
    [bx - 4 * dy, by + 4 * dx],
    [bx + 4 * dy, by - 4 * dx],
  ];
  const at = (n) => Math.round(n * 10) / 10;
  return (
    `<line class="${kind}" x1="${x1}" y1="${y1}" x2="${at(bx)}" y2="${at(by)}"/>` +
    `<polygon class="${kind}" points="${points.map((point) => point.map(at).join(',')).join(' ')}"/>`
  );
}

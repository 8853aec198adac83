// A picture (SVG) of commands and what they print in a terminal, colours included. The commands are really run, in a
// pseudo-terminal (test/cli/run-in-pty.py), and what they write goes through xterm's emulator.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import headless from '@xterm/headless';

const PTY = fileURLToPath(new URL('../test/cli/run-in-pty.py', import.meta.url));
const REWIND386 = fileURLToPath(new URL('../bin/rewind386.js', import.meta.url));

/** A character cell, pixels. */
const WIDTH = 8;
const HEIGHT = 18;
const MARGIN = 14;
const PAPER = '#1c2128';
const INK = '#d0d7de';
/** The eight colours of ANSI. */
const PALETTE = ['#545d68', '#ff7b72', '#7ee787', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', INK];

/** The terminal of so many columns after commands of rewind386, each an array of arguments. */
export async function terminalPicture(commands, { columns, cwd }) {
  const terminal = new headless.Terminal({
    cols: columns,
    rows: 200,
    convertEol: true,
    allowProposedApi: true,
  });
  for (const words of commands) {
    terminal.write(`\x1b[32m$\x1b[39m rewind386 ${words.map(shellWord).join(' ')}\n`);
    terminal.write(inTerminal(words, columns, cwd));
  }
  await new Promise((resolve) => terminal.write('', resolve));
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, row) => runsOf(active.getLine(row), columns));
  while (lines.at(-1)?.length === 0) lines.pop();
  terminal.dispose();
  return svg(lines, columns);
}

const shellWord = (word) => (/^[\w./:+-]+$/.test(word) ? word : `"${word}"`);

function inTerminal(words, columns, cwd) {
  const env = {
    ...process.env,
    TERM: 'xterm-256color',
    FORCE_COLOR: '1',
    REWIND386_PATIENCE_MS: '1000000000',
  };
  delete env.NO_COLOR;
  const command = [PTY, String(columns), process.execPath, REWIND386, ...words];
  const { stdout, stderr, error } = spawnSync('python3', command, { cwd, env, encoding: 'utf8' });
  if (error || stderr) throw error ?? new Error(stderr);
  return stdout;
}

/** The runs of cells of one colour in a line: { column, text, ink, bold }. */
function runsOf(line, columns) {
  const runs = [];
  for (let column = 0; column < columns; column++) {
    const cell = line?.getCell(column);
    const text = cell?.getChars() || ' ';
    const ink = cell?.isFgPalette() ? PALETTE[cell.getFgColor() & 7] : INK;
    const bold = Boolean(cell?.isBold());
    const last = runs.at(-1);
    if (last && last.ink === ink && last.bold === bold) last.text += text;
    else runs.push({ column, text, ink, bold });
  }
  return runs.map((run) => ({ ...run, text: run.text.trimEnd() })).filter(({ text }) => text !== '');
}

function svg(lines, columns) {
  const width = columns * WIDTH + 2 * MARGIN;
  const height = lines.length * HEIGHT + 2 * MARGIN;
  const shapes = lines.flatMap((runs, row) =>
    runs.map(
      ({ column, text, ink, bold }) =>
        `<text x="${MARGIN + column * WIDTH}" y="${MARGIN + row * HEIGHT + 13}" fill="${ink}"${bold ? ' font-weight="bold"' : ''} ` +
        `textLength="${text.length * WIDTH}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`,
    ),
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="monospace" font-size="13.3" xml:space="preserve">\n` +
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>\n${shapes.join('\n')}\n</svg>\n`
  );
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
/** Escapes blanks at the ends of a run, which viewers that ignore xml:space would drop. */
const escaped = (text) =>
  text.replaceAll(/[&<>]/g, (character) => ENTITIES[character]).replaceAll(' ', '\u00a0');

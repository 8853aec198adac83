import { Presets, SingleBar } from 'cli-progress';
import { grouped } from './format.ts';

/** What a long job tells about itself while it runs. */
export interface Progress {
  /** How far it is, in units of `total`. */
  at(done: number): void;
  /** A line of output, which must not tear the bar. */
  line(text: string): void;
  end(): void;
}

/** Jobs shorter than this show no bar. */
const PATIENCE_MS = 1000;

/** A bar on stderr; only lines when that is not a terminal. */
export function progressBar(title: string, total: number): Progress {
  if (!process.stderr.isTTY) return { at() {}, line: writeLine, end() {} };
  const started = performance.now();
  let bar: SingleBar | undefined;
  const open = () => {
    bar = new SingleBar(
      {
        format: `${title} {bar} {percentage}%  {shown}  {eta_formatted} left`,
        clearOnComplete: true,
        hideCursor: true,
        stream: process.stderr,
      },
      Presets.shades_classic,
    );
    bar.start(total, 0, { shown: '' });
    return bar;
  };
  return {
    at(done) {
      if (!bar && performance.now() - started < PATIENCE_MS) return;
      (bar ?? open()).update(Math.min(done, total), { shown: `${grouped(done)} of ${grouped(total)}` });
    },
    line(text) {
      if (bar) process.stderr.write('\r\x1b[K');
      writeLine(text);
    },
    end() {
      bar?.stop();
      bar = undefined;
    },
  };
}

const writeLine = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

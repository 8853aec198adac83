import { type Conditions, runsToCsv } from './csv.ts';
import { frequencyFigure, survivalFigure } from './figure.ts';
import { curveLines, type Run } from './point.ts';

/** The files that a curve is written to: all made of its runs and their conditions alone. */

export interface CurveFile {
  /** The end of its name. */
  readonly suffix: string;
  readonly contents: string;
}

export const survivalSuffix = (kernel: string): string => `-${kernel.replace(':', '-')}.svg`;

/** `time`: the longest that a run was watched, virtual seconds; `missing`: runs that were asked for and not made. */
export function curveFiles(
  runs: readonly Run[],
  conditions: Conditions,
  { time, missing }: { readonly time: number; readonly missing: number },
): CurveFile[] {
  const perSecond = conditions.mips * 1e6;
  const lines = curveLines(runs, perSecond);
  const { servers, think, diskLatency, jitter, mips } = conditions;
  const shaken = /[1-9]/.test(jitter) ? `, jitter ${jitter}` : '';
  const notes = [
    `${runs.length} runs${missing > 0 ? `, ${missing} left out,` : ''} of at most ${time} virtual seconds; bars and bands: 95%; arrows: none died`,
    `${servers} servers, ${think} ms of thinking, disk ${diskLatency} instructions, ${mips} million instructions a second${shaken}`,
  ];
  return [
    { suffix: '.csv', contents: runsToCsv(runs, conditions) },
    { suffix: '.svg', contents: frequencyFigure(lines, notes) },
    ...lines.map((line) => ({
      suffix: survivalSuffix(line.kernel),
      contents: survivalFigure(line, time, notes),
    })),
  ];
}

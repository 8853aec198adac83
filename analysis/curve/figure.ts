import { logScale } from '../plot/scale.ts';
import { type Plot, type PlotPoint, type Series, svgPlot } from '../plot/svg.ts';
import type { CurveLine, LoadPoint } from './point.ts';
import type { Frequency } from './survival.ts';

/** The figures of a curve: how often machines die against what their disks do, and how long they live. */

const HOUR = 3600;

/** Deaths in a virtual hour, by kernel, each with its interval of 95%. */
export function frequencyFigure(lines: readonly CurveLine[], notes: readonly string[]): string {
  const series: Series[] = lines.map(({ kernel, points }) => ({
    name: kernel,
    points: points.map(({ transfers, died }) => frequencyPoint(transfers, died)),
  }));
  const points = series.flatMap((one) => one.points);
  const plot: Plot = {
    title: 'How often a machine dies, against what its disk does',
    x: { title: 'disk interrupts in a virtual second', scale: logScale(points.map(({ x }) => x)) },
    y: {
      title: 'deaths in a virtual hour',
      scale: logScale(points.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y])),
    },
    ...{ series, notes: [...lines.map(lawText).filter((text) => text !== ''), ...notes] },
  };
  return svgPlot(plot);
}

/** Of a load under which none died there is only a bound. */
const frequencyPoint = (x: number, { events, rate, low, high }: Frequency): PlotPoint =>
  events === 0
    ? { x, y: high * HOUR, bound: true }
    : { x, y: rate * HOUR, low: low * HOUR, high: high * HOUR };

function lawText({ kernel, law }: CurveLine): string {
  if (!law) return '';
  return `${kernel}: deaths rise as the ${law.power.toFixed(2)}th power of the interrupts (standard error ${law.error.toFixed(2)})`;
}

/** The share of machines of one kernel that live, by load: Kaplan and Meier's, with bands of 95%. */
export function survivalFigure(
  { kernel, points }: CurveLine,
  until: number,
  notes: readonly string[],
): string {
  return svgPlot({
    title: `How long a machine lives: ${kernel}`,
    x: { title: 'virtual seconds since it started', scale: { kind: 'linear', from: 0, to: until } },
    y: { title: 'share that lives', scale: { kind: 'linear', from: 0, to: 1 } },
    series: points.map((point) => survivalSeries(point, until)),
    notes,
  });
}

function survivalSeries({ sessions, transfers, survival }: LoadPoint, until: number): Series {
  const steps = survival.map(({ time, alive, low, high }) => ({ x: time, y: alive, low, high }));
  const last = steps.at(-1);
  return {
    name: `${sessions} sessions/s, ${Math.round(transfers)} disk interrupts/s`,
    points: last && last.y > 0 ? [...steps, { ...last, x: until }] : steps,
    joined: 'steps',
    band: true,
  };
}

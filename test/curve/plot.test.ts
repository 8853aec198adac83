import { describe, expect, it } from 'vitest';
import { frequencyFigure, survivalFigure } from '../../analysis/curve/figure.ts';
import { curveLines, type Run } from '../../analysis/curve/point.ts';
import { logScale, placeOn, ticksOf } from '../../analysis/plot/scale.ts';
import { svgPlot } from '../../analysis/plot/svg.ts';

describe('scales', () => {
  it('name round numbers', () => {
    expect(ticksOf({ kind: 'linear', from: 0, to: 60 })).toEqual([0, 10, 20, 30, 40, 50, 60]);
    expect(ticksOf({ kind: 'linear', from: 0, to: 1 })).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticksOf({ kind: 'log', from: 1, to: 100 })).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(ticksOf({ kind: 'log', from: 0.01, to: 1000 })).toEqual([0.01, 0.1, 1, 10, 100, 1000]);
  });

  it('place values on them', () => {
    expect(placeOn({ kind: 'linear', from: 10, to: 20 }, 15)).toBe(0.5);
    expect(placeOn({ kind: 'log', from: 1, to: 100 }, 10)).toBeCloseTo(0.5);
    expect(logScale([3, 250, 0])).toEqual({ kind: 'log', from: 1, to: 1000 });
    expect(logScale([])).toEqual({ kind: 'log', from: 1, to: 10 });
  });
});

const run = (kernel: string, sessions: number, until: number, died: boolean): Run => ({
  ...{ kernel, sessions, seed: 1n },
  trial: {
    until,
    transfers: sessions * 100,
    interrupted: false,
    ...(died ? { died: until, death: 'panic' } : {}),
  },
});

describe('figures', () => {
  const runs = [
    ...[run('buggy', 1, 9e6, true), run('buggy', 1, 1e7, false)],
    ...[run('buggy', 4, 2e6, true), run('buggy', 4, 3e6, true)],
    run('fixed', 4, 1e7, false),
  ];
  const lines = curveLines(runs, 1e7);

  it('gather runs by kernel and load', () => {
    expect(lines.map(({ kernel, points }) => [kernel, points.map(({ runs }) => runs)])).toEqual([
      ['buggy', [2, 2]],
      ['fixed', [1]],
    ]);
    const [{ points, law }, fixed] = lines;
    expect(points[0].died).toMatchObject({ events: 1, time: 1.9 });
    expect(points[1].transfers).toBeCloseTo(800 / 0.5);
    expect(points[1].median.time).toBeCloseTo(0.2);
    expect(law?.power).toBeGreaterThan(0.5);
    expect(fixed.law).toBeUndefined();
  });

  it('show each kernel, its intervals, and a bound where none died', () => {
    const figure = frequencyFigure(lines, ['a < b & c']);
    expect(figure).toContain('>buggy</text>');
    expect(figure).toContain('a &lt; b &amp; c');
    expect(figure.match(/<circle/g)).toHaveLength(3);
    expect(figure).not.toMatch(/NaN|Infinity|undefined/);
    const survival = survivalFigure(lines[0], 1, []);
    expect(survival.match(/<polygon/g)).toHaveLength(2);
    expect(survival).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('are one well-formed element each', () => {
    const figure = svgPlot({
      title: '<script>',
      x: { title: 'x', scale: { kind: 'linear', from: 0, to: 1 } },
      y: { title: 'y', scale: { kind: 'log', from: 1, to: 10 } },
      series: [{ name: 'a', points: [{ x: 0.5, y: 0, low: -1, high: 1e9 }], joined: 'lines' }],
      marks: [{ x: 0.9, text: '"&"' }],
    });
    expect(figure).toContain('&lt;script&gt;');
    const open: string[] = [];
    for (const [, close, name, alone] of figure.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g))
      if (close) expect(open.pop()).toBe(name);
      else if (!alone) open.push(name);
    expect(open).toEqual([]);
    expect(figure).not.toMatch(/NaN|Infinity/);
  });
});

import { describe, expect, it } from 'vitest';
import { frequency, kaplanMeier, type Lifetime, median, powerLaw } from '../../analysis/curve/survival.ts';

const died = (...times: number[]): Lifetime[] => times.map((time) => ({ time, event: true }));
const lived = (...times: number[]): Lifetime[] => times.map((time) => ({ time, event: false }));

describe('Kaplan and Meier', () => {
  /** Weeks of remission under 6-mercaptopurine (Freireich and others, Blood 21, 1963): the textbooks' example. */
  const weeks = [
    ...died(6, 6, 6, 7, 10, 13, 16, 22, 23),
    ...lived(6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35),
  ];

  it('is that of the textbooks, with intervals as survfit(conf.type = "log-log") of R has them', () => {
    const steps = kaplanMeier(weeks).map(({ time, alive, low, high }) =>
      [time, alive, low, high].map((value) => Number(value.toFixed(3))),
    );
    expect(steps).toEqual([
      [0, 1, 1, 1],
      [6, 0.857, 0.62, 0.952],
      [7, 0.807, 0.563, 0.923],
      [10, 0.753, 0.503, 0.889],
      [13, 0.69, 0.432, 0.849],
      [16, 0.627, 0.368, 0.805],
      [22, 0.538, 0.268, 0.747],
      [23, 0.448, 0.188, 0.68],
    ]);
    expect(median(kaplanMeier(weeks))).toEqual({ time: 23, low: 13, high: undefined });
  });

  it('of runs that all live is one step, of runs that all die ends at none', () => {
    expect(kaplanMeier(lived(5, 5))).toEqual([{ time: 0, alive: 1, low: 1, high: 1 }]);
    expect(kaplanMeier(died(1, 2)).map(({ alive }) => alive)).toEqual([1, 0.5, 0]);
    expect(kaplanMeier(died(1, 2)).at(-1)).toMatchObject({ low: 0, high: 1 });
  });
});

describe('frequency', () => {
  it.each([
    [0, 0, 3.689],
    [1, 0.025, 5.572],
    [5, 1.623, 11.668],
    [10, 4.795, 18.39],
    [100, 81.364, 121.627],
  ])('of %i events has the interval of the tables (Garwood)', (events, low, high) => {
    const found = frequency([...died(...Array<number>(events).fill(1)), ...lived(200 - events)]);
    expect(found).toMatchObject({ events, time: 200, rate: events / 200 });
    expect(found.low * 200).toBeCloseTo(low, 2);
    expect(found.high * 200).toBeCloseTo(high, 2);
  });
});

describe('power law', () => {
  const events = (power: number) =>
    [1, 2, 4, 8].map((x) => ({ x, events: Math.round(1000 * x ** power), time: 1000 }));

  it('finds the power that made the counts', () => {
    expect(powerLaw(events(2))).toMatchObject({ power: expect.closeTo(2, 6), scale: expect.closeTo(1, 6) });
    expect(powerLaw(events(1))?.power).toBeCloseTo(1, 6);
  });

  it('errs by the inverse of what the counts inform', () => {
    // Two loads: log(b/a) / log(x2/x1), of variance (1/a + 1/b) / log(x2/x1)^2.
    const law = powerLaw([
      { x: 1, events: 25, time: 10 },
      { x: Math.E, events: 100, time: 10 },
    ]);
    expect(law?.power).toBeCloseTo(Math.log(4), 9);
    expect(law?.error).toBeCloseTo(Math.sqrt(1 / 25 + 1 / 100), 9);
  });

  it('needs deaths at two loads', () => {
    expect(powerLaw([{ x: 1, events: 3, time: 1 }])).toBeUndefined();
    expect(
      powerLaw([
        { x: 1, events: 0, time: 1 },
        { x: 2, events: 3, time: 1 },
      ]),
    ).toBeUndefined();
  });
});

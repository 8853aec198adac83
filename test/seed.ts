/**
 * The seed of a test's random draws: a fixed one, so that a failure is of the change and not of the draw. The environment's
 * variable `name` holds another, or `random`, which draws one and prints it (CONTRIBUTING.md, "Random tests").
 */
export function seedFrom(name: string, usual = 1): number {
  const asked = process.env[name];
  if (!asked) return usual;
  if (asked === 'random') {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`${name}=${seed}`);
    return seed;
  }
  const seed = Number(asked);
  if (!Number.isSafeInteger(seed)) throw new Error(`${name}=${asked}: neither a number nor "random"`);
  return seed;
}

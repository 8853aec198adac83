/** Options of which a command must know whether they were typed: it applies their defaults itself. */

interface WithDefault {
  readonly describe: string;
  readonly default?: unknown;
}

/** The same options for yargs: the default is only shown in the help. */
export const shownDefaults = <Name extends string, Option extends WithDefault>(
  options: Readonly<Record<Name, Option>>,
): Record<Name, Omit<Option, 'default'> & { readonly defaultDescription: string }> =>
  mapped(options, ({ default: value, ...option }) => ({
    ...option,
    // yargs shows none for an empty text.
    defaultDescription: value === undefined ? '' : JSON.stringify(value),
  }));

/** The names among these that were typed, as `--name`. */
export const typedOf = (names: readonly string[], args: Readonly<Record<string, unknown>>): string[] =>
  names.filter((name) => args[name] !== undefined).map((name) => `--${name}`);

const mapped = <Name extends string, From, To>(
  record: Readonly<Record<Name, From>>,
  change: (value: From) => To,
): Record<Name, To> =>
  Object.fromEntries(Object.entries<From>(record).map(([name, value]) => [name, change(value)])) as Record<
    Name,
    To
  >;

import { BadInput } from '../../schemas/bad-input.ts';

/** Messages of a page, field by field: whoever has the token can send anything. */

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(body: unknown): Fields {
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw new BadInput('expected an object');
  return body as Fields;
}

export function textField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new BadInput(`${name}: expected a string`);
  return value;
}

/** A count or an icount. */
export function numberField(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(Math.round(value)) || value < 0)
    throw new BadInput(`${name}: expected a number, at least 0`);
  return value;
}

/** The number of one of `count` things. */
export function indexField(fields: Fields, name: string, count: number): number {
  const value = numberField(fields, name);
  if (!Number.isInteger(value) || value >= count) throw new BadInput(`${name}: there is no ${value}`);
  return value;
}

/** The selected stretch of the run, where there is one. */
export function rangeField(fields: Fields): { readonly from: number; readonly to: number } | undefined {
  const { range } = fields;
  if (range === undefined || range === null) return undefined;
  const sent = fieldsOf(range);
  return { from: numberField(sent, 'from'), to: numberField(sent, 'to') };
}

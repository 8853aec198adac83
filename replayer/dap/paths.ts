import type { Data, Values } from './values.ts';

/**
 * Parses the expressions that an editor evaluates on hover: a variable, followed by members, elements and dereferences
 * (`p->p_pmap->pm_pdir[3]`, `*pte`, `&buf.b_flags`). No operators, no calls. Undefined for anything else.
 */
export function followPath(
  text: string,
  values: Values,
  variable: (name: string) => Data | undefined,
): Data | undefined {
  const match = /^([*&]*)\s*([A-Za-z_]\w*)((?:\s*(?:\.|->)\s*[A-Za-z_]\w*|\s*\[\s*\d+\s*\])*)$/.exec(
    text.trim(),
  );
  if (!match) return undefined;
  const [, prefix, name, rest] = match;
  let data = variable(name);
  for (const [, arrow, member, index] of rest.matchAll(/(\.|->)\s*(\w+)|\[\s*(\d+)\s*\]/g)) {
    if (!data) return undefined;
    data = member ? values.memberOf(data, member, arrow === '->') : values.element(data, Number(index));
  }
  for (const operator of [...prefix].reverse()) {
    if (!data) return undefined;
    data = operator === '*' ? (values.pointedTo(data) ?? values.element(data, 0)) : addressOf(data);
  }
  return data;
}

function addressOf({ type, address }: Data): Data | undefined {
  if (address === undefined) return undefined;
  const bytes = new Uint8Array(Uint32Array.of(address).buffer);
  return { type: { kind: 'pointer', name: `${type.name} *`, bytes: 4, target: () => type }, bytes };
}

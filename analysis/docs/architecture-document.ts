import { LAYERS } from './layers.ts';

/** The table of layers in docs/ARCHITECTURE.md, which is otherwise written by hand. */

const BEGIN = '<!-- layers: made by `npm run docs` from analysis/docs/layers.ts -->';
const END = '<!-- end of layers -->';

/** The page with its table made anew. */
export function architectureDocument(page: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`docs/ARCHITECTURE.md lacks ${BEGIN} or ${END}`);
  return `${page.slice(0, from)}${BEGIN}\n\n${table()}\n\n${page.slice(to)}`;
}

const table = (): string =>
  [
    '| folder | what may live in it | may import |',
    '|---|---|---|',
    ...LAYERS.map(
      ({ folder, holds, imports }) =>
        `| \`${folder}/\` | ${holds} | ${shown(imports) || 'nothing of ours'} |`,
    ),
  ].join('\n');

/** Single files of a folder in one pair of braces. */
function shown(rules: readonly string[]): string {
  const files = new Map<string, string[]>();
  for (const rule of rules) {
    const [, folder, file] = /^(.*)\/([\w-]+)\.ts$/.exec(rule) ?? [];
    if (folder) files.set(folder, [...(files.get(folder) ?? []), file]);
  }
  const folders = rules.filter((rule) => !rule.endsWith('.ts'));
  return [
    ...folders.map((rule) => (rule.startsWith('!') ? `but not ${rule.slice(1)}` : rule)),
    ...[...files].map(([folder, names]) => `${folder}/{${names.join(', ')}}.ts`),
  ].join(', ');
}

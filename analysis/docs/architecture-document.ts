import { LAYERS } from './layers.ts';
import type { MadePart } from './made-part.ts';

/** The table of layers in docs/ARCHITECTURE.md, which is otherwise written by hand. */
export const LAYERS_PART: MadePart = {
  page: 'ARCHITECTURE.md',
  name: 'layers',
  source: 'analysis/docs/layers.ts',
  text: () => table(),
};

const table = (): string =>
  [
    '| folder | contents | may import |',
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

/** The parts of pages that are made from code, in pages otherwise written by hand: between two comments. */

export interface MadePart {
  /** Of the page, in docs/. */
  readonly page: string;
  readonly name: string;
  /** The file that it is made from. */
  readonly source: string;
  readonly text: () => string;
}

/** The page with that part made anew. */
export function withPart(page: string, { page: file, name, source, text }: MadePart): string {
  const begin = `<!-- ${name}: made by \`npm run docs\` from ${source} -->`;
  const end = `<!-- end of ${name} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/${file} lacks ${begin} or ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${text()}\n\n${page.slice(to)}`;
}

/** SQL texts cut at the `;` that end statements. */

/** Strings, names in quotes and comments, also those that have no end yet; a `;`; and anything else. */
const TOKEN = /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|;|[^;'"/-]+|./g;

/** The statements that a `;` ends, without it, and what follows the last one. */
export function splitStatements(text: string): { readonly whole: readonly string[]; readonly rest: string } {
  const parts = [''];
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === ';') parts.push('');
    else parts[parts.length - 1] += token;
  }
  const rest = parts.pop() ?? '';
  return { whole: parts.map((part) => part.trim()).filter((part) => part !== ''), rest };
}

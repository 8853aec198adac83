/**
 * 0xEFBFE000 in a query: addresses are written so, and DuckDB reads no such literals. Each is replaced by its decimal,
 * padded to its length, so that the positions in DuckDB's messages stay those of the user's text. Strings, quoted names and
 * comments are left alone.
 */
export function hexLiterals(sql: string): string {
  return sql.replaceAll(
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\b0x[0-9a-f]{1,14}\b/gi,
    (token) => (/^0x/i.test(token) ? String(Number(token)).padEnd(token.length) : token),
  );
}

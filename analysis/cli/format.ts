/** Numbers as people read them. */

export const grouped = (n: number | bigint): string => n.toLocaleString('en-US');

export function bytes(n: number): string {
  if (n < 1024) return `${n} bytes`;
  const kib = n / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KB` : `${(kib / 1024).toFixed(1)} MB`;
}

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${grouped(n)} ${n === 1 ? one : many}`;

export const hex8 = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

/** A word for the shell: quoted only where it must be. */
export const shellWord = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

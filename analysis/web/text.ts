/** Numbers and words formatted for people. */
export const grouped = (n: number): string => Math.round(n).toLocaleString('en-US');

/** 8 hexadecimal digits. */
export const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

/** Numbers formatted for people. */

/** Made once: `toLocaleString` makes one for each number, which takes a third of a frame of the timeline. */
const GROUPS = new Intl.NumberFormat('en-US');

/** An integer with its thousands separated. */
export const grouped = (n: number): string => GROUPS.format(Math.round(n));

/** 8 hexadecimal digits. */
export const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

import type { TraceWindow } from '../../../schemas/trace/profile.ts';

/** A window of a profile, as text. */

/** `kmap (1 page at e0000000)` */
export function windowText({ name, kind, linear, pages }: TraceWindow): string {
  const at = linear.toString(16).padStart(8, '0');
  switch (kind) {
    case 'pages':
      return `${name} (${pages} ${pages === 1 ? 'page' : 'pages'} at ${at})`;
    case 'slot':
      return `${name} (PDE slot ${linear >>> 22})`;
    case 'word':
      return `${name} (word at ${at})`;
    default:
      return `${name} (${kind.toUpperCase()})`;
  }
}

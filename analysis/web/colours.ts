/** Colours of the canvas, from the style sheet; and one for each label. */

export interface Colours {
  readonly ground: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly error: string;
  readonly warning: string;
  readonly curve: string;
  /** Of letters on a coloured ground. */
  readonly ink: string;
  readonly dark: boolean;
}

export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: value('ground'),
    text: value('text'),
    quiet: value('quiet'),
    line: value('line'),
    error: value('error'),
    warning: value('warning'),
    curve: value('curve'),
    ink: value('ink'),
    dark: value('scheme') === 'dark',
  };
}

const known = new Map<string, string>();

/** One colour for each label, light enough for dark letters. */
export function colourOf(label: string, dark: boolean): string {
  const key = `${dark}${label}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  let hash = 7;
  for (const letter of label.replace(/ [0-9a-f]{8}$/, '')) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  const colour = `hsl(${(hash * 47) % 360} ${dark ? '38% 62%' : '55% 76%'})`;
  known.set(key, colour);
  return colour;
}

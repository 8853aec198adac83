/** Machine code as text in hexadecimal, made of instructions. */

/** A word as bytes, the lowest first. */
export const le = (value: number) =>
  [0, 8, 16, 24].map((shift) => ((value >>> shift) & 255).toString(16).padStart(2, '0')).join(' ');
const mov = { eax: 'b8', ecx: 'b9', edx: 'ba', ebx: 'bb', esp: 'bc', esi: 'be', edi: 'bf' };
/** MOV of a word into a register. */
export const load = (register: keyof typeof mov, value: number) => `${mov[register]} ${le(value)}`;
export const callTo = (from: number, to: number) => `e8 ${le(to - from - 5)}`;
const bytesOf = (text: string) => text.split(' ').length;

/** Code at an address, of instructions that may need to know theirs. */
export function assemble(at: number, ...parts: readonly (string | ((here: number) => string))[]): string {
  return parts.reduce<string>((text, part) => {
    const here = at + (text === '' ? 0 : bytesOf(text));
    return `${text} ${typeof part === 'string' ? part : part(here)}`.trim();
  }, '');
}

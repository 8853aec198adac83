import { element } from '../dom.ts';
import { Refused } from './client.ts';

/** Small pieces that the parts of the live page share. */

export function button(text: string, click: () => void, label?: string): HTMLButtonElement {
  const made = element('button', text, {
    type: 'button',
    ...(label === undefined ? {} : { 'aria-label': label }),
  }) as HTMLButtonElement;
  made.addEventListener('click', click);
  return made;
}

/** One line that says what is wrong, and what to do. */
export function problem(error: unknown, about?: string): HTMLElement {
  const { error: what, next } =
    error instanceof Refused ? error.refusal : { error: String(error), next: undefined };
  const where = about === undefined ? '' : `${about}: `;
  return element('p', `${where}${what}${next === undefined ? '' : `; ${next}`}`, {
    class: 'problem',
    role: 'alert',
  });
}

/** A text field with its button, which Enter presses too. */
export function field(
  {
    label,
    placeholder,
    action,
  }: { readonly label: string; readonly placeholder: string; readonly action: string },
  take: (text: string) => void,
): HTMLElement & { readonly input: HTMLInputElement } {
  const input = element('input', '', {
    'aria-label': label,
    placeholder,
    spellcheck: 'false',
  }) as HTMLInputElement;
  const form = element('form', [input, element('button', action, { type: 'submit' })], { class: 'field' });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (input.value.trim() !== '') take(input.value.trim());
  });
  return Object.assign(form, { input });
}
